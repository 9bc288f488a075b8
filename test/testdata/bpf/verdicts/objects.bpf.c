/* Objects of the kernel: typed arguments, members at the places of this kernel, iterators. */
#include "more.h"

struct task_struct { int pid; int tgid; u64 start_time; struct task_struct *real_parent; char comm[16]; struct mm_struct *mm; } RELOCATED;
struct mm_struct { u64 arg_start; u64 arg_end; } RELOCATED;
struct linux_binprm { int argc; const char *filename; } RELOCATED;
struct pt_regs { u64 di; u64 si; u64 orig_ax; } RELOCATED;
struct bpf_iter_meta { void *seq; u64 session_id; u64 seq_num; } RELOCATED;
struct no_such_type { int member; } RELOCATED;
struct iterator { struct bpf_iter_meta *meta; struct task_struct *task; };
enum pid_type { PIDTYPE_PID = 70, PIDTYPE_TGID = 71 };

u64 total;

SEC("tp_btf/sched_process_exec")
int executed(u64 *context)
{
  struct task_struct *task = (void *)context[0];
  struct linux_binprm *program = (void *)context[2];

  total += task->pid + task->tgid + program->argc;
  return 0;
}

SEC("tp_btf/sched_process_fork")
int forked(u64 *context)
{
  struct task_struct *parent = (void *)context[0], *child = (void *)context[1];

  total += child->start_time - parent->start_time;
  return 0;
}

SEC("tp_btf/task_newtask")
int ancestors(u64 *context)
{
  struct task_struct *task = (void *)context[0];

#pragma unroll
  for (int depth = 0; depth < 4; depth++)
    task = task->real_parent;
  total = task->pid;
  return 0;
}

SEC("tp_btf/sys_enter")
int registers(u64 *context)
{
  struct pt_regs *regs = (void *)context[0];

  total = regs->di + regs->si + regs->orig_ax + context[1];
  return 0;
}

SEC("raw_tp/sched_process_exec")
int untyped(u64 *context)
{
  struct task_struct *task = (void *)context[0];
  int pid = 0;

  probe_read_kernel(&pid, sizeof(pid), &task->pid);
  total = pid + __builtin_preserve_field_info(task->comm, 1);
  return 0;
}

SEC("raw_tp/sys_enter")
int questions(u64 *context)
{
  struct no_such_type *none = (void *)context;

  if (__builtin_preserve_field_info(none->member, 2))
    total = 1;
  if (__builtin_preserve_type_info(*(struct task_struct *)0, 0))
    total += __builtin_preserve_type_info(*(struct task_struct *)0, 1);
  total += __builtin_preserve_enum_value(*(enum pid_type *)PIDTYPE_TGID, 1);
  return 0;
}

SEC("iter/task")
int tasks(struct iterator *context)
{
  struct task_struct *task = context->task;

  if (!task)
    return 0;
  int pid = task->pid;
  seq_write(context->meta->seq, &pid, sizeof(pid));
  return 0;
}

char licence[] SEC("license") = "GPL";
