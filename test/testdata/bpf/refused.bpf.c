/* Two programs: one that the kernel takes, and one that reads through a pointer it has not checked. */
#include "bpf.h"

struct {
  NUMBER(type, HASH);
  NUMBER(max_entries, 1);
  TYPED(key, u32);
  TYPED(value, u64);
} table SEC(".maps");

SEC("raw_tp/sys_exit")
int good(void *context)
{
  return 0;
}

SEC("raw_tp/sys_exit")
int bad(void *context)
{
  u32 key = 1;
  u64 *value = map_lookup_elem(&table, &key);

  return (int)*value;
}

char licence[] SEC("license") = "GPL";
