/** Helper functions by name (linux v6.8 include/uapi/linux/bpf.h). Values are the call's immediate. */
export const HELPERS = {
  map_lookup_elem: 1,
  map_update_elem: 2,
  map_delete_elem: 3,
  probe_read: 4,
  ktime_get_ns: 5,
  trace_printk: 6,
  get_prandom_u32: 7,
  get_smp_processor_id: 8,
  tail_call: 12,
  get_current_pid_tgid: 14,
  get_current_uid_gid: 15,
  get_current_comm: 16,
  perf_event_output: 25,
  get_current_task: 35,
  probe_read_str: 45,
  get_current_cgroup_id: 80,
  probe_read_user: 112,
  probe_read_kernel: 113,
  probe_read_user_str: 114,
  probe_read_kernel_str: 115,
  get_ns_current_pid_tgid: 120,
  ktime_get_boot_ns: 125,
  ringbuf_output: 130,
  ringbuf_reserve: 131,
  ringbuf_submit: 132,
  ringbuf_discard: 133,
  ringbuf_query: 134,
  get_current_task_btf: 158,
  task_pt_regs: 175,
} as const

/** Name of a helper function. */
export type HelperName = keyof typeof HELPERS

const byId = new Map<number, string>(Object.entries(HELPERS).map(([name, id]) => [id, name]))

/** The helper's name, or `helper#N` for one that is not in the table. */
export function helperName(id: number): string {
  return byId.get(id) ?? `helper#${id}`
}
