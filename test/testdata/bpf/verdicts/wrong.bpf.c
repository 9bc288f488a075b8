/* Programs that are wrong on purpose: none may be accepted. */
#include "more.h"

struct { NUMBER(type, HASH); TYPED(key, u32); TYPED(value, u64); NUMBER(max_entries, 64); } hashed SEC(".maps");
struct { NUMBER(type, RINGBUF); NUMBER(max_entries, 4096); } ring SEC(".maps");
struct { NUMBER(type, ARRAY); NUMBER(key_size, 4); NUMBER(value_size, 16); NUMBER(max_entries, 1); } bytes SEC(".maps");

struct task_struct { int pid; } RELOCATED;

volatile u64 total;

SEC("raw_tp/sys_enter")
int never_ends(void *context)
{
  for (;;)
    total++;
  return 0;
}

SEC("raw_tp/sys_enter")
int behind_the_value(u64 *context)
{
  u32 zero = 0;
  u8 *value = map_lookup_elem(&bytes, &zero);
  u64 index = context[1];

  if (!value || index > 16)
    return 0;
  return value[index];
}

SEC("raw_tp/sys_enter")
int no_null_check(void *context)
{
  u32 key = get_prandom_u32();
  u64 *value = map_lookup_elem(&hashed, &key);

  return *value;
}

SEC("raw_tp/sys_enter")
int leaked_record(u64 *context)
{
  u64 *record = ringbuf_reserve(&ring, 8, 0);

  if (!record)
    return 0;
  if (context[1] == 7)
    return 1;
  ringbuf_submit(record, 0);
  return 0;
}

SEC("raw_tp/sys_enter")
int released_twice(u64 *context)
{
  u64 *record = ringbuf_reserve(&ring, 8, 0);

  if (!record)
    return 0;
  ringbuf_submit(record, 0);
  ringbuf_discard(record, 0);
  return 0;
}

SEC("raw_tp/sys_enter")
int used_after_release(u64 *context)
{
  u64 *record = ringbuf_reserve(&ring, 8, 0);

  if (!record)
    return 0;
  ringbuf_submit(record, 0);
  *(volatile u64 *)record = 1;
  return 0;
}

SEC("raw_tp/sys_enter")
int below_the_stack(u64 *context)
{
  volatile u8 buffer[16];

  for (int index = 0; index < 16; index++)
    buffer[index] = index;
  return *(volatile u8 *)(buffer + (context[1] & 1023));
}

SEC("raw_tp/sys_enter")
int plain_address(u64 *context)
{
  return *(volatile int *)context[0];
}

SEC("raw_tp/sys_enter")
int negative_size(u64 *context)
{
  char text[16];
  int size = context[1];

  if (size > 16)
    return 0;
  return probe_read_kernel(text, size, (void *)context[0]);
}

SEC("raw_tp/sys_enter")
int behind_the_context(u64 *context)
{
  return context[12];
}

SEC("tp_btf/sys_enter")
int writes_kernel(u64 *context)
{
  *(volatile u64 *)context[0] = 0;
  return 0;
}

static NOINLINE int deeper(u64 seed)
{
  volatile char buffer[400];

  buffer[seed & 255] = seed;
  return buffer[3];
}

SEC("socket")
int too_much_stack(u64 *context)
{
  volatile char buffer[400];
  u32 seed = get_prandom_u32();

  buffer[seed & 255] = seed;
  return deeper(seed) + buffer[5];
}

static int two(u32 index, void *context)
{
  return 2;
}

SEC("raw_tp/sys_enter")
int callback_result(void *context)
{
  loop(10, two, 0, 0);
  return 0;
}

SEC("raw_tp/sys_enter")
int key_as_number(void *context)
{
  return map_lookup_elem(&hashed, (void *)5) != 0;
}

char licence[] SEC("license") = "GPL";
