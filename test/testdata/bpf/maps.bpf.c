/* Maps of each form, global data, subprograms in .text, a callback, and several programs in one section. */
#include "bpf.h"

struct sample {
  u32 hits;
  u16 small;
  char name[8];
};

struct {
  NUMBER(type, HASH);
  NUMBER(max_entries, 16);
  TYPED(key, u32);
  TYPED(value, struct sample);
} samples SEC(".maps");

struct {
  NUMBER(type, ARRAY);
  NUMBER(max_entries, 4);
  NUMBER(key_size, 4);
  NUMBER(value_size, 8);
} counts SEC(".maps");

struct {
  NUMBER(type, RINGBUF);
  NUMBER(max_entries, 4096);
} ring SEC(".maps");

struct inner {
  NUMBER(type, ARRAY);
  NUMBER(max_entries, 2);
  TYPED(key, u32);
  TYPED(value, u64);
} first SEC(".maps"), second SEC(".maps");

struct {
  NUMBER(type, ARRAY_OF_MAPS);
  NUMBER(max_entries, 3);
  TYPED(key, u32);
  struct inner *values[];
} outer SEC(".maps") = {.values = {&first, 0, &second}};

const volatile u32 wanted = 7;
u64 seen = 5;
u64 total;

static NOINLINE int add(u64 by)
{
  total += by;
  return (int)total;
}

static NOINLINE int twice(u64 by)
{
  return add(by) + add(by + 1);
}

static long visit(void *map, u32 *key, u64 *value, void *context)
{
  seen += *value;
  return 0;
}

SEC("raw_tp/sys_enter")
int one(void *context)
{
  u32 key = wanted;
  struct sample fresh = {.hits = 1, .name = "first"};

  map_update_elem(&samples, &key, &fresh, 0);
  return twice(seen);
}

SEC("raw_tp/sys_enter")
int two(void *context)
{
  u32 key = 0;
  void *map = map_lookup_elem(&outer, &key);
  u64 *value = map ? map_lookup_elem(map, &key) : 0;

  if (value)
    *value = 42;
  for_each_map_elem(&counts, visit, 0, 0);
  return add(1);
}

char licence[] SEC("license") = "GPL";
