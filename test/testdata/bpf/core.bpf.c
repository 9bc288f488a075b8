/* Places that depend on the kernel's types. */
#include "bpf.h"

struct list_head {
  struct list_head *next, *prev;
} RELOCATED;

/* Members in another order and at other places than in any kernel. */
struct task_struct {
  int tgid;
  int pid;
  struct task_struct *real_parent;
  char comm[16];
  struct list_head children;
  unsigned in_execve : 1;
  int no_such_member;
} RELOCATED;

struct task_struct___other {
  int tgid;
} RELOCATED;

struct no_such_struct {
  int member;
} RELOCATED;

enum pid_type { PIDTYPE_PID = 70, PIDTYPE_TGID = 71 };
enum no_such_enum { NO_SUCH_VALUE = 3 };

enum { OFFSET, SIZE, EXISTS };

u64 places[16];

SEC("raw_tp/sys_enter")
int read(void *context)
{
  struct task_struct *task = (void *)get_current_task();
  struct task_struct___other *other = (void *)task;
  struct no_such_struct *none = (void *)task;

  places[0] = __builtin_preserve_field_info(task->pid, OFFSET);
  places[1] = __builtin_preserve_field_info(task->comm, SIZE);
  places[2] = __builtin_preserve_field_info(task->real_parent, EXISTS);
  places[3] = __builtin_preserve_field_info(task->no_such_member, EXISTS);
  places[4] = __builtin_preserve_field_info(none->member, EXISTS);
  places[5] = __builtin_preserve_field_info(other->tgid, OFFSET);
  places[6] = __builtin_preserve_field_info(task->children.prev, OFFSET);
  places[7] = __builtin_preserve_type_info(*(struct task_struct *)0, 1);
  places[8] = __builtin_preserve_type_info(*(struct task_struct *)0, 0);
  places[9] = __builtin_preserve_type_info(*(struct no_such_struct *)0, 0);
  places[10] = __builtin_preserve_enum_value(*(enum pid_type *)PIDTYPE_TGID, 1);
  places[11] = __builtin_preserve_enum_value(*(enum no_such_enum *)NO_SUCH_VALUE, 0);
  probe_read_kernel(&places[12], 4, &task->tgid);
  places[13] = get_current_pid_tgid() >> 32;
  if (__builtin_preserve_field_info(task->no_such_member, EXISTS))
    probe_read_kernel(&places[14], 4, &task->no_such_member);
  places[15] = __builtin_preserve_field_info(task->comm[3], OFFSET);
  return 0;
}

char licence[] SEC("license") = "GPL";
