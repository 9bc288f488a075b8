/**
 * What helper functions take and give, for the program types that are judged (linux v6.18 kernel/bpf/helpers.c and
 * kernel/trace/bpf_trace.c). A helper that is not listed is refused.
 */

/**
 * Classes of arguments. `key` and `value`: memory of the map's sizes. `read` and `write`: memory whose size is the next argument,
 * `size` (not zero) or `size0`. `fill`: memory of the map's value size that is written. `value-null`: a value or null. `seq`: the
 * file that an iterator writes to. `read-null`: null with size 0 is fine too. `write8`: likewise with a fixed use.
 */
export type Argument =
  | 'ctx'
  | 'map'
  | 'key'
  | 'value'
  | 'value-null'
  | 'fill'
  | 'read'
  | 'read-null'
  | 'write'
  | 'size'
  | 'size0'
  | 'constant'
  | 'any'
  | 'release'
  | 'callback'
  | 'stack-or-null'
  | 'text'
  | 'task'
  | 'seq'

/** `length`: a number from -4095 to the size argument. */
export type Result = 'number' | 'length' | 'map-value' | 'record' | 'task' | 'regs' | 'none'

/** One helper. */
export interface HelperSignature {
  readonly name: string
  readonly args: readonly Argument[]
  readonly result: Result
  /** Only for programs with a GPL-compatible license. */
  readonly gpl?: true
  /** Map types that it works on; any that allow plain access when absent. */
  readonly maps?: readonly string[]
  /** Not for socket filters. */
  readonly tracing?: true
  /** Only for programs of this type. */
  readonly only?: 'iter' | 'perf_event'
}

type Row = readonly [
  id: number,
  name: string,
  args: string,
  result: Result,
  flags?: string,
  maps?: readonly string[],
]

const PER_CPU = ['percpu_array', 'percpu_hash', 'lru_percpu_hash']
const WALKED = ['hash', 'array', 'lru_hash', ...PER_CPU]

const ROWS: readonly Row[] = [
  [1, 'map_lookup_elem', 'map key', 'map-value'],
  [2, 'map_update_elem', 'map key value any', 'number'],
  [3, 'map_delete_elem', 'map key', 'number'],
  [4, 'probe_read', 'write size0 any', 'number', 'gt'],
  [5, 'ktime_get_ns', '', 'number'],
  [6, 'trace_printk', 'read size', 'number', 'g'],
  [7, 'get_prandom_u32', '', 'number'],
  [8, 'get_smp_processor_id', '', 'number'],
  [12, 'tail_call', 'ctx map any', 'none', '', ['prog_array']],
  [14, 'get_current_pid_tgid', '', 'number', 't'],
  [15, 'get_current_uid_gid', '', 'number', 't'],
  [16, 'get_current_comm', 'write size', 'number', 't'],
  [22, 'perf_event_read', 'map any', 'number', 'gt', ['perf_event_array']],
  [25, 'perf_event_output', 'ctx map any read size0', 'number', 'gt', ['perf_event_array']],
  [27, 'get_stackid', 'ctx map any', 'number', 'gt', ['stack_trace']],
  [35, 'get_current_task', '', 'number', 'gt'],
  [37, 'current_task_under_cgroup', 'map any', 'number', 't', ['cgroup_array']],
  [42, 'get_numa_node_id', '', 'number'],
  [45, 'probe_read_str', 'write size0 any', 'length', 'gt'],
  [55, 'perf_event_read_value', 'map any write size', 'number', 'gt', ['perf_event_array']],
  [56, 'perf_prog_read_value', 'ctx write size', 'number', 'gp'],
  [67, 'get_stack', 'ctx write size0 any', 'length', 'gt'],
  [80, 'get_current_cgroup_id', '', 'number', 't'],
  [87, 'map_push_elem', 'map value any', 'number', '', ['queue', 'stack', 'bloom_filter']],
  [88, 'map_pop_elem', 'map fill', 'number', '', ['queue', 'stack']],
  [89, 'map_peek_elem', 'map fill', 'number', '', ['queue', 'stack']],
  [112, 'probe_read_user', 'write size0 any', 'number', 'gt'],
  [113, 'probe_read_kernel', 'write size0 any', 'number', 'g'],
  [114, 'probe_read_user_str', 'write size0 any', 'length', 'gt'],
  [115, 'probe_read_kernel_str', 'write size0 any', 'length', 'g'],
  [118, 'jiffies64', '', 'number'],
  [120, 'get_ns_current_pid_tgid', 'any any write size', 'number', 't'],
  [123, 'get_current_ancestor_cgroup_id', 'any', 'number', 't'],
  [125, 'ktime_get_boot_ns', '', 'number'],
  [126, 'seq_printf', 'seq read size read-null size0', 'number', 'gi'],
  [127, 'seq_write', 'seq read size0', 'number', 'gi'],
  [130, 'ringbuf_output', 'map read size0 any', 'number', '', ['ringbuf']],
  [131, 'ringbuf_reserve', 'map constant any', 'record', '', ['ringbuf']],
  [132, 'ringbuf_submit', 'release any', 'none'],
  [133, 'ringbuf_discard', 'release any', 'none'],
  [134, 'ringbuf_query', 'map any', 'number', '', ['ringbuf']],
  [141, 'get_task_stack', 'task write size0 any', 'length', 'gt'],
  [156, 'task_storage_get', 'map task value-null any', 'map-value', 't', ['task_storage']],
  [157, 'task_storage_delete', 'map task', 'number', 't', ['task_storage']],
  [158, 'get_current_task_btf', '', 'task', 'gt'],
  [160, 'ktime_get_coarse_ns', '', 'number'],
  [164, 'for_each_map_elem', 'map callback stack-or-null any', 'number', '', WALKED],
  [165, 'snprintf', 'write size0 text read-null size0', 'number', 'gt'],
  [174, 'get_attach_cookie', 'ctx', 'number', 't'],
  [175, 'task_pt_regs', 'task', 'regs', 'gt'],
  [177, 'trace_vprintk', 'read size read-null size0', 'number', 'g'],
  [181, 'loop', 'any callback stack-or-null any', 'number'],
  [182, 'strncmp', 'read size text', 'number'],
  [195, 'map_lookup_percpu_elem', 'map key any', 'map-value', '', PER_CPU],
  [208, 'ktime_get_tai_ns', '', 'number'],
]

const TABLE: ReadonlyMap<number, HelperSignature> = new Map(
  ROWS.map(([id, name, args, result, flags = '', maps]) => [
    id,
    {
      name,
      args: args === '' ? [] : (args.split(' ') as Argument[]),
      result,
      ...(flags.includes('g') ? {gpl: true as const} : {}),
      ...(flags.includes('t') ? {tracing: true as const} : {}),
      ...(flags.includes('i') ? {only: 'iter' as const} : {}),
      ...(flags.includes('p') ? {only: 'perf_event' as const} : {}),
      ...(maps === undefined ? {} : {maps}),
    },
  ]),
)

/** The helper with this number; undefined when no program may call it. */
export function helperSignature(id: number): HelperSignature | undefined {
  return TABLE.get(id)
}

/** Calls that run a callback. */
export const LOOP_HELPER = 181
export const FOR_EACH_HELPER = 164
export const TAIL_CALL_HELPER = 12
export const LOOKUP_HELPER = 1

/** Maps that only some helpers may use (linux v6.18 verifier.c, check_map_func_compatibility). */
export const SPECIAL_MAPS: Readonly<Record<string, readonly string[]>> = {
  prog_array: ['tail_call'],
  perf_event_array: ['perf_event_output', 'perf_event_read', 'perf_event_read_value'],
  stack_trace: ['get_stackid'],
  cgroup_array: ['current_task_under_cgroup'],
  array_of_maps: ['map_lookup_elem'],
  hash_of_maps: ['map_lookup_elem'],
  ringbuf: ['ringbuf_output', 'ringbuf_reserve', 'ringbuf_query'],
  queue: ['map_push_elem', 'map_pop_elem', 'map_peek_elem'],
  stack: ['map_push_elem', 'map_pop_elem', 'map_peek_elem'],
  bloom_filter: ['map_push_elem'],
  task_storage: ['task_storage_get', 'task_storage_delete'],
}

/** Maps that allow plain lookups, updates and deletions. */
export const PLAIN_MAPS: ReadonlySet<string> = new Set([...WALKED, 'lpm_trie'])

/** Licenses that count as compatible with the GPL (linux v6.18 include/linux/license.h). */
const GPL_LICENSES: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
])

/** Whether a program with this license may call every helper. */
export function isGplCompatible(license: string): boolean {
  return GPL_LICENSES.has(license)
}
