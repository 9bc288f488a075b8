import {BTF_KIND, type Btf} from '../../bpf/btf.ts'
import type {VerifierInput} from '../input.ts'
import {anyNumber, pointer, type Register} from '../machine/register.ts'
import {Refusal} from '../problem.ts'

/** Most arguments of a tracepoint (linux v6.18 include/linux/bpf.h, MAX_BPF_FUNC_ARGS). */
const TRACEPOINT_ARGUMENTS = 12
/** sizeof(struct pt_regs) on x86_64. */
const REGS_BYTES = 168
/** Longest record of a trace event (linux v6.18 include/linux/trace_events.h, PERF_MAX_TRACE_SIZE). */
const TRACE_BYTES = 8192

/**
 * Tracepoints of which no argument is ever null (linux v6.18 kernel/bpf/btf.c, raw_tp_null_args does not name them). The
 * arguments of any other must be tested.
 */
const NEVER_NULL: ReadonlySet<string> = new Set([
  'sys_enter',
  'sys_exit',
  'sched_process_exec',
  'sched_process_exit',
  'sched_process_fork',
  'sched_switch',
  'sched_wakeup',
  'task_newtask',
  'task_rename',
  'signal_deliver',
  'io_uring_complete',
  'io_uring_submit_req',
])

/**
 * What a load from the context gives.
 * @throws Refusal when the program type has nothing there
 */
export function loadContext(
  input: VerifierInput,
  off: number,
  size: number,
  newId: () => number,
): NonNullable<Register> {
  if (off < 0 || off % size !== 0 || !isReadable(input, off, size)) throw outside(off, size)
  return input.type === 'tp_btf' || input.type === 'iter'
    ? typedArgument(input, off, size, newId)
    : anyNumber()
}

/** Refuses a store into the context: only socket filters have a place for their own use (`cb`). */
export function storeContext(input: VerifierInput, off: number, size: number): void {
  const own = input.type === 'socket_filter' && size === 4 && off >= 48 && off < 68 && off % 4 === 0
  if (!own) throw new Refusal('context', `the context cannot be written (${size} bytes at ${off})`)
}

function outside(off: number, size: number): Refusal {
  return new Refusal('context', `the context has no ${size} bytes at ${off}`, {
    hint: 'loads must be aligned and lie in the fields of the program type',
  })
}

function isReadable({type}: VerifierInput, off: number, size: number): boolean {
  switch (type) {
    case 'raw_tracepoint':
    case 'tp_btf':
    case 'iter':
      return off < TRACEPOINT_ARGUMENTS * 8
    case 'tracepoint':
      return off >= 8 && off < TRACE_BYTES
    case 'kprobe':
      return off < REGS_BYTES
    case 'perf_event':
      return size === 8 && off < REGS_BYTES + 16
    case 'socket_filter':
      return size === 4 && (off <= 44 || (off >= 48 && off <= 68))
  }
}

function typedArgument(
  input: VerifierInput,
  off: number,
  size: number,
  newId: () => number,
): NonNullable<Register> {
  const {btf, attach = ''} = input
  const parameters = btf === undefined ? undefined : parametersOf(input.type, attach, btf)
  if (btf === undefined || parameters === undefined)
    throw new Refusal('kernel-type', `no types of ${attach} are known`)
  const type = parameters[off / 8]
  if (off % 8 !== 0 || type === undefined) throw outside(off, size)
  const pointee = btf.pointee(type)
  if (pointee === undefined) {
    const kind = btf.kindOf(btf.resolve(type))
    const isNumber = kind === BTF_KIND.INT || kind === BTF_KIND.ENUM || kind === BTF_KIND.ENUM64
    if (!isNumber) throw new Refusal('context', `argument ${off / 8} is no number and no pointer`)
    return anyNumber()
  }
  if (size !== 8)
    throw new Refusal('context', `argument ${off / 8} is a pointer: all 8 bytes must be loaded`)
  const kind = btf.kindOf(pointee)
  if (kind === 0 || kind === BTF_KIND.INT) return anyNumber()
  if (kind !== BTF_KIND.STRUCT && kind !== BTF_KIND.UNION)
    throw new Refusal('context', `argument ${off / 8} is a pointer that cannot be loaded so`)
  // An iterator's own data is always there; the object is missing in the call that ends it.
  const maybeNull = input.type === 'iter' ? off > 0 : !NEVER_NULL.has(attach)
  return pointer('kernel', {type: pointee, trusted: true, maybeNull, id: maybeNull ? newId() : 0})
}

/** Types of the arguments in the context; undefined when the kernel has no such tracepoint or iterator. */
function parametersOf(
  type: VerifierInput['type'],
  attach: string,
  btf: Btf,
): readonly number[] | undefined {
  if (type === 'iter') {
    const iterator = btf.find(`bpf_iter_${attach}`, BTF_KIND.FUNC)
    return iterator === undefined ? undefined : btf.parameters(btf.targetOf(iterator))
  }
  const alias = btf.find(`btf_trace_${attach}`, BTF_KIND.TYPEDEF)
  const proto = alias === undefined ? undefined : btf.pointee(alias)
  // The first parameter is the tracepoint's own.
  return proto === undefined ? undefined : btf.parameters(proto).slice(1)
}
