/* A typed tracepoint and a perf event: each says that it ran. */
#include "bpf.h"

struct task_struct {
  int pid;
} RELOCATED;

SEC("tp_btf/sched_process_exec")
int typed(struct task_struct **context)
{
  const char format[] = "typed %d\n";

  trace_printk(format, sizeof(format), context[0]->pid);
  return 0;
}

SEC("perf_event")
int sampled(void *context)
{
  const char text[] = "sampled\n";

  trace_printk(text, sizeof(text));
  return 0;
}

char licence[] SEC("license") = "GPL";
