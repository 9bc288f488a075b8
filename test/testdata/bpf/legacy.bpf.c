/* The older form of maps; compiled without -g. */
#include "bpf.h"

struct definition {
  u32 type, key_size, value_size, max_entries, flags;
};

struct definition SEC("maps") table = {HASH, 4, 8, 32, 0};
struct definition SEC("maps") slots = {ARRAY, 4, 8, 2, 0};

SEC("tracepoint/syscalls/sys_enter_getppid")
int count(void *context)
{
  u32 key = 1;
  u64 one = 1;
  u64 *value = map_lookup_elem(&slots, &key);

  if (value)
    *value += 1;
  return map_update_elem(&table, &key, &one, 0);
}

char licence[] SEC("license") = "GPL";
