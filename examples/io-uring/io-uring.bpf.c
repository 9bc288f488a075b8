/*
 * Reports each request that a program puts into an io_uring. Through these rings programs connect, send, rename and remove without a
 * system call for each, so no rule on system calls sees it. Needs no header.
 */
#define SEC(NAME) __attribute__((section(NAME), used))
#define NUMBER(NAME, VALUE) int (*NAME)[VALUE]
#define TYPE(NAME, VALUE) typeof(VALUE) *NAME

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

/* Helpers, by their numbers: see `detector list helpers`. */
static u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static long (*bpf_probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;
static u64 (*bpf_ktime_get_boot_ns)(void) = (void *)125;
static void *(*bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *record, u64 flags) = (void *)132;

/* What the detector gets: each member is a field. */
struct request {
  u64 timestamp;      /* orders it among all other events */
  u64 user_data;      /* the program's own mark of the request */
  u32 pid, tid;       /* the thread that it is about: proc.name and its like are this one's */
  u32 opcode;         /* IORING_OP_..., 18 is OPENAT */
  _Bool polled;       /* a kernel thread took it: without any call of the program */
  char operation[16]; /* the same by its name */
};

struct {
  NUMBER(type, 27); /* BPF_MAP_TYPE_RINGBUF */
  NUMBER(max_entries, 1 << 18);
  TYPE(value, struct request);
} requests SEC(".maps");

/* The arguments of the tracepoint: `detector list tracepoints 'io_uring/io_uring_submit_req'` shows where they lie. */
struct arguments {
  u64 common, ring, request, user_data;
  u8 opcode;
  u64 flags;
  _Bool polled;
  u32 operation; /* the lower half: how far the text is from here */
};

SEC("tracepoint/io_uring/io_uring_submit_req")
int report(struct arguments *arguments)
{
  struct request *request = bpf_ringbuf_reserve(&requests, sizeof(*request), 0);
  u64 id;

  if (!request)
    return 0;
  id = bpf_get_current_pid_tgid();
  request->timestamp = bpf_ktime_get_boot_ns();
  request->user_data = arguments->user_data;
  request->pid = id >> 32;
  request->tid = (u32)id;
  request->opcode = arguments->opcode;
  request->polled = arguments->polled;
  bpf_probe_read_kernel_str(request->operation, sizeof(request->operation),
                            (char *)arguments + (arguments->operation & 0xffff));
  bpf_ringbuf_submit(request, 0);
  return 0;
}

char licence[] SEC("license") = "GPL";
