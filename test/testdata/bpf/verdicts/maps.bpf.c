/* A map of each kind that programs of the traced types use. */
#include "more.h"

struct { NUMBER(type, HASH); TYPED(key, u64); TYPED(value, struct event); NUMBER(max_entries, 64); } hashed SEC(".maps");
struct { NUMBER(type, LRU_HASH); TYPED(key, u32); TYPED(value, u64); NUMBER(max_entries, 64); } recent SEC(".maps");
struct { NUMBER(type, PERCPU_HASH); TYPED(key, u32); TYPED(value, u64); NUMBER(max_entries, 64); } percpu_hashed SEC(".maps");
struct { NUMBER(type, ARRAY); TYPED(key, u32); TYPED(value, u64); NUMBER(max_entries, 16); } numbers SEC(".maps");
struct { NUMBER(type, PERCPU_ARRAY); TYPED(key, u32); TYPED(value, struct event); NUMBER(max_entries, 1); } scratch SEC(".maps");
struct { NUMBER(type, RINGBUF); NUMBER(max_entries, 4096); } ring SEC(".maps");
struct { NUMBER(type, PERF_EVENT_ARRAY); NUMBER(key_size, 4); NUMBER(value_size, 4); } events SEC(".maps");
struct { NUMBER(type, STACK_TRACE); NUMBER(key_size, 4); NUMBER(value_size, 1016); NUMBER(max_entries, 16); } stacks SEC(".maps");
struct { NUMBER(type, QUEUE); TYPED(value, u64); NUMBER(max_entries, 16); } queue SEC(".maps");
struct { NUMBER(type, LPM_TRIE); NUMBER(key_size, 8); NUMBER(value_size, 4); NUMBER(max_entries, 16); NUMBER(map_flags, 1); } prefixes SEC(".maps");
struct { NUMBER(type, TASK_STORAGE); TYPED(key, int); TYPED(value, u64); NUMBER(map_flags, 1); } stored SEC(".maps");

u64 total;
const volatile u32 limit = 10;

SEC("raw_tp/sys_enter")
int update_hash(struct arguments *context)
{
  u64 key = get_current_pid_tgid();
  struct event event = {.time = ktime_get_ns(), .pid = key >> 32};

  get_current_comm(event.name, sizeof(event.name));
  map_update_elem(&hashed, &key, &event, 0);
  struct event *found = map_lookup_elem(&hashed, &key);
  if (found)
    found->length++;
  return 0;
}

SEC("raw_tp/sys_enter")
int count_recent(struct arguments *context)
{
  u32 key = get_current_uid_gid();
  u64 one = 1, *count = map_lookup_elem(&recent, &key);

  if (count)
    __sync_fetch_and_add(count, 1);
  else
    map_update_elem(&recent, &key, &one, 0);
  return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int count_percpu(void *context)
{
  u32 key = get_smp_processor_id();
  u64 *count = map_lookup_elem(&percpu_hashed, &key);

  if (!count)
    return 0;
  (*count)++;
  map_delete_elem(&recent, &key);
  return 0;
}

SEC("raw_tp/sys_exit")
int bounded_index(struct arguments *context)
{
  u32 key = context->args[1] & 15;
  u64 *number = map_lookup_elem(&numbers, &key);

  if (number)
    total += *number;
  return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int send_record(u64 *context)
{
  struct event *event = ringbuf_reserve(&ring, sizeof(*event), 0);

  if (!event)
    return 0;
  event->time = ktime_get_ns();
  event->pid = get_current_pid_tgid() >> 32;
  long length = probe_read_user_str(event->path, sizeof(event->path), (void *)context[2]);
  if (length < 0) {
    ringbuf_discard(event, 0);
    return 0;
  }
  event->length = length;
  ringbuf_submit(event, 0);
  return 0;
}

SEC("tracepoint/sched/sched_switch")
int send_perf(void *context)
{
  u64 time = ktime_get_ns();

  perf_event_output(context, &events, 0xffffffffull, &time, sizeof(time));
  return get_stackid(context, &stacks, 0) >= 0;
}

SEC("raw_tp/sys_enter")
int variable_record(struct arguments *context)
{
  u32 zero = 0;
  struct event *event = map_lookup_elem(&scratch, &zero);

  if (!event)
    return 0;
  long length = probe_read_kernel_str(event->path, sizeof(event->path), (void *)context->args[0]);
  if (length <= 0 || length > (long)sizeof(event->path))
    return 0;
  ringbuf_output(&ring, event, __builtin_offsetof(struct event, path) + length, 0);
  return 0;
}

SEC("raw_tp/sys_enter")
int use_queue(void *context)
{
  u64 value = 7;

  map_push_elem(&queue, &value, 0);
  if (map_pop_elem(&queue, &value))
    return 0;
  total += value;
  return 0;
}

SEC("raw_tp/sys_enter")
int find_prefix(void *context)
{
  struct { u32 bits; u32 address; } key = {32, 0x7f000001};
  u32 *found = map_lookup_elem(&prefixes, &key);

  return found ? *found & 1 : 0;
}

SEC("tp_btf/sys_enter")
int store_for_task(void *context)
{
  void *task = get_current_task_btf();
  u64 *count = task_storage_get(&stored, task, 0, 1);

  if (count)
    *count += limit;
  return 0;
}

char licence[] SEC("license") = "GPL";
