/* Prints a line for every program that is started. Needs no header: the two names below are all it takes. */
#define SEC(NAME) __attribute__((section(NAME), used))

/* Helper number 6. The kernel finds helpers by number, so a pointer with that value is the declaration. */
static long (*bpf_trace_printk)(const char *format, unsigned int size, ...) = (void *)6;

SEC("tracepoint/syscalls/sys_enter_execve")
int hello(void *context)
{
  char message[] = "Hello, BPF World!";

  bpf_trace_printk(message, sizeof(message));
  return 0;
}

char licence[] SEC("license") = "GPL";
