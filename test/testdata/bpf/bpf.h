/* The few declarations that the objects of these tests share. Numbers: linux v6.8 include/uapi/linux/bpf.h. */
#define SEC(NAME) __attribute__((section(NAME), used))
#define NUMBER(NAME, VALUE) int (*NAME)[VALUE]
#define TYPED(NAME, TYPE) TYPE *NAME
#define NOINLINE __attribute__((noinline))
#define RELOCATED __attribute__((preserve_access_index))

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*trace_printk)(const char *format, u32 size, ...) = (void *)6;
static long (*tail_call)(void *context, void *map, u32 index) = (void *)12;
static u64 (*get_current_pid_tgid)(void) = (void *)14;
static u64 (*get_current_task)(void) = (void *)35;
static long (*probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*seq_write)(void *seq, const void *data, u32 size) = (void *)127;
static long (*for_each_map_elem)(void *map, void *callback, void *context, u64 flags) = (void *)164;

enum { HASH = 1, ARRAY = 2, PROG_ARRAY = 3, ARRAY_OF_MAPS = 12, RINGBUF = 27 };
