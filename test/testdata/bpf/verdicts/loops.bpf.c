/* Loops, callbacks, functions, tail calls and what the compiler spills for them. */
#include "more.h"

struct { NUMBER(type, HASH); TYPED(key, u32); TYPED(value, u64); NUMBER(max_entries, 64); } hashed SEC(".maps");
struct { NUMBER(type, PROG_ARRAY); NUMBER(key_size, 4); NUMBER(value_size, 4); NUMBER(max_entries, 4); } programs SEC(".maps");
struct { NUMBER(type, ARRAY); NUMBER(key_size, 4); NUMBER(value_size, 256); NUMBER(max_entries, 1); } bytes SEC(".maps");

u64 total;
u8 table[256];

SEC("raw_tp/sys_enter")
int unrolled(struct arguments *context)
{
  u64 sum = 0;

#pragma unroll
  for (int index = 0; index < 12; index++)
    sum += context->args[0] >> index;
  total = sum;
  return 0;
}

SEC("raw_tp/sys_enter")
int counted(struct arguments *context)
{
  u64 sum = 0;

#pragma clang loop unroll(disable)
  for (u32 index = 0; index < 200; index++)
    sum += table[index];
  total += sum;
  return 0;
}

SEC("raw_tp/sys_enter")
int ends_early(struct arguments *context)
{
  u8 text[64];
  u64 hash = 5381;

  if (probe_read_kernel_str(text, sizeof(text), (void *)context->args[0]) < 0)
    return 0;
#pragma clang loop unroll(disable)
  for (int index = 0; index < 64; index++) {
    if (text[index] == 0)
      break;
    hash = hash * 33 + text[index];
  }
  total += hash;
  return 0;
}

static NOINLINE u64 mixed(u64 first, u64 second)
{
  return first * 31 + (second >> 3);
}

static NOINLINE int fill(u8 *to, u32 from)
{
  from &= 15;
  to[from] = 1;
  to[from + 7] = 2;
  return from;
}

NOINLINE int global_sum(int first, u64 second)
{
  return first + second % 7;
}

NOINLINE int global_read(u64 *value)
{
  return value ? *value & 0xff : 0;
}

SEC("raw_tp/sys_enter")
int calls(struct arguments *context)
{
  u8 buffer[32] = {};

  fill(buffer, get_prandom_u32() & 31);
  total = mixed(ktime_get_ns(), buffer[3]);
  return 0;
}

SEC("tracepoint/syscalls/sys_enter_read")
int global_calls(u64 *context)
{
  u64 value = context[2];

  return global_sum(context[3], value) + global_read(&value);
}

struct state {
  u64 sum;
  u32 index;
};

static int step(u32 index, struct state *state)
{
  if (index >= 256)
    return 1;
  state->sum += table[index & 255];
  return 0;
}

static int each(void *map, u32 *key, u64 *value, struct state *state)
{
  state->sum += *key + *value;
  return 0;
}

SEC("raw_tp/sys_enter")
int callbacks(void *context)
{
  struct state state = {};

  loop(100, step, &state, 0);
  for_each_map_elem(&hashed, each, &state, 0);
  total = state.sum;
  return 0;
}

SEC("raw_tp/sys_enter")
int jumps(struct arguments *context)
{
  tail_call(context, &programs, context->args[1] & 3);
  return 0;
}

SEC("perf_event")
int sampled(void *context)
{
  u32 zero = 0;
  u8 *buffer = map_lookup_elem(&bytes, &zero);

  if (!buffer)
    return 0;
#pragma clang loop unroll(disable)
  for (int index = 0; index < 255; index++)
    buffer[index + 1] = buffer[index] + 1;
  return 0;
}

SEC("raw_tp/sys_exit")
int many_values(struct arguments *context)
{
  u64 one = context->args[0], two = context->args[1], three = get_prandom_u32(), four = ktime_get_ns();
  u64 five = get_current_pid_tgid(), six = get_current_uid_gid(), seven = get_prandom_u32();

  if (one > two && three < four)
    total = five + six * seven;
  else
    total = (one ^ two) + (three & four) + five / (six | 1) + seven % (two | 3);
  get_prandom_u32();
  total += one + two + three + four + five + six + seven;
  return 0;
}

SEC("raw_tp/sys_enter")
int switches(struct arguments *context)
{
  switch (context->args[1]) {
  case 0: return total++;
  case 1: return total + 3;
  case 2: total = ktime_get_ns(); break;
  case 59: total ^= 1; break;
  case 257: total -= get_prandom_u32(); break;
  default: return 0;
  }
  return table[total & 255];
}

char licence[] SEC("license") = "GPL";
