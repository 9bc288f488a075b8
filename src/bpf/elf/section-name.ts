/** What a section's name says of the programs in it (linux v6.8 include/uapi/linux/bpf.h, enum bpf_prog_type and bpf_attach_type). */
export interface SectionKind {
  /** `tracepoint`, `raw_tp`, `tp_btf`, `perf_event` and `iter` can be attached here; the others can be loaded. */
  readonly kind: string
  /** Program type. */
  readonly type: number
  /** Expected attach type; 0 for none. */
  readonly attachType: number
  /** What follows the first slash: `syscalls/sys_enter_execve`, `sched_switch`, `task`. */
  readonly target: string
  /** Name of the kernel type that the program is attached to, where the kernel wants one. */
  readonly attachBtf?: {readonly name: string; readonly kind: 'typedef' | 'func'}
}

const KINDS: Readonly<Record<string, readonly [kind: string, type: number, attachType?: number]>> =
  {
    tracepoint: ['tracepoint', 5],
    tp: ['tracepoint', 5],
    raw_tracepoint: ['raw_tp', 17],
    raw_tp: ['raw_tp', 17],
    'raw_tracepoint.w': ['raw_tp', 24],
    'raw_tp.w': ['raw_tp', 24],
    tp_btf: ['tp_btf', 26, 23],
    iter: ['iter', 26, 28],
    'iter.s': ['iter', 26, 28],
    perf_event: ['perf_event', 7],
    kprobe: ['kprobe', 2],
    kretprobe: ['kprobe', 2],
    uprobe: ['kprobe', 2],
    uretprobe: ['kprobe', 2],
    fentry: ['fentry', 26, 24],
    fexit: ['fexit', 26, 25],
    fmod_ret: ['fmod_ret', 26, 26],
    lsm: ['lsm', 29, 27],
    socket: ['socket', 1],
    classifier: ['classifier', 3],
    tc: ['classifier', 3],
    action: ['action', 4],
    xdp: ['xdp', 6, 37],
    syscall: ['syscall', 31],
    cgroup_skb: ['cgroup_skb', 8],
  }

/** What the programs of a section are for; undefined when its name follows no convention. */
export function sectionKind(section: string): SectionKind | undefined {
  // A leading question mark marks what is not loaded by itself.
  const [prefix = '', ...rest] = section.replace(/^\?/, '').split('/')
  if (!Object.hasOwn(KINDS, prefix)) return undefined
  const [kind, type, attachType = 0] = KINDS[prefix]!
  const target = rest.join('/')
  const found = {kind, type, attachType, target}
  switch (kind) {
    case 'tp_btf':
      return {...found, attachBtf: {name: `btf_trace_${target}`, kind: 'typedef'}}
    case 'iter':
      return {...found, attachBtf: {name: `bpf_iter_${target}`, kind: 'func'}}
    case 'lsm':
      return {...found, attachBtf: {name: `bpf_lsm_${target}`, kind: 'func'}}
    case 'fentry':
    case 'fexit':
    case 'fmod_ret':
      return {...found, attachBtf: {name: target, kind: 'func'}}
    default:
      return found
  }
}
