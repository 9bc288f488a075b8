/** A probe in C, for tests. */
export interface ProbeSource {
  /** Members of its struct. */
  readonly members?: string
  /** More types, in front of the struct. */
  readonly types?: string
  /** Map definitions in place of the one ring buffer. */
  readonly maps?: string
  readonly section?: string
  /** Statements in front of the record. */
  readonly body?: string
}

/** The text of a probe that reports an empty record for each call of `getppid`, unless said otherwise. */
export function probeSource({
  members = 'unsigned int pid;',
  types = '',
  maps,
  section = 'tracepoint/syscalls/sys_enter_getppid',
  body = '',
}: ProbeSource = {}): string {
  return `
#define SEC(NAME) __attribute__((section(NAME), used))
static void *(*reserve)(void *, unsigned long long, unsigned long long) = (void *)131;
static void (*submit)(void *, unsigned long long) = (void *)132;
${types}
struct record { ${members} };
${maps ?? `struct { int (*type)[27]; int (*max_entries)[4096]; struct record *value; } ring SEC(".maps");`}
SEC("${section}") int report(void *context)
{
  struct record *record;
  ${body}
  record = reserve(&ring, sizeof(*record), 0);
  if (!record)
    return 0;
  __builtin_memset(record, 0, sizeof(*record));
  submit(record, 0);
  return 0;
}
char licence[] SEC("license") = "GPL";
`
}
