import type {HookKind} from '../../bpf/specs.ts'
import {CodedError} from '../../diagnostics/error.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import type {CapturePlan} from './capture-plan.ts'
import {type CallTracepoint, callEvent} from './hooks/call-events.ts'

/** What a kernel offers to hang programs on. */
export interface KernelHooks {
  /** Typed tracepoints: the kernel describes the arguments of `sys_exit` and its kin. */
  readonly typed: boolean
  /** Trace events of system calls, as `syscalls/sys_exit_openat`; undefined where they cannot be looked up. */
  readonly callEvents: ReadonlySet<string> | undefined
  /** Whether 32-bit calls can be made, as far as is known; these have no trace events. */
  readonly compatCalls: boolean
}

/** How the programs are attached for as long as a sensor runs. */
export interface HookPlan {
  /** Kind of hook at system calls. */
  readonly calls: HookKind
  /** Kind of hook at the life of processes, and at 32-bit calls where `calls` cannot see these. */
  readonly others: 'tp_btf' | 'raw_tp'
  /** Whether a further program looks for 32-bit calls, which per-call tracepoints do not see. */
  readonly watchCompat: boolean
  /** The trace events of calls that this kernel has; undefined where they cannot be looked up. */
  readonly callEvents: ReadonlySet<string> | undefined
  /** Estimated cost of the hooks, in nanoseconds added to an average system call of the host. */
  readonly costNs: number
  /** One sentence for people: why this choice. */
  readonly reason: string
}

/** What `--hooks` says. */
export type HookChoice = HookKind | 'auto'

/** Nanoseconds that one side of every system call pays; measured on linux 6.18, see `docs/adr/0011-hook-planner.md`. */
const COST_NS = {
  /** Any hook at system calls sends each call of each task through the slow path. */
  slowPath: 35,
  /** A dispatcher that finds nothing to do. */
  tp_btf: 13,
  raw_tp: 15,
  /** A per-call tracepoint, where the call is a wanted one. */
  tracepoint: 38,
} as const

/** Most per-call tracepoints at once: closing one takes 60 to 90 ms, which the end of a run has to wait for. */
const MAX_TRACEPOINTS = 24

/** Rough share of calls in a host's everyday mix, in thousandths: an estimate. Calls that are not listed are rare. */
const SHARE: Readonly<Record<number, number>> = {
  0: 180,
  1: 120,
  3: 80,
  8: 30,
  9: 30,
  45: 40,
  44: 30,
  47: 30,
  46: 20,
  72: 25,
  257: 60,
}
const RARE_SHARE = 2

/**
 * Chooses how to attach for the wanted captures. A choice that a person made is kept or refused, never replaced.
 * @throws CodedError SENSOR_UNSUPPORTED when this kernel cannot do what was asked for.
 */
export function planHooks(
  plan: Pick<CapturePlan, 'kinds' | 'entryCopies'>,
  kernel: KernelHooks,
  choice: HookChoice = 'auto',
): HookPlan {
  const wanted = wantedCalls(plan)
  const others = kernel.typed && choice !== 'raw_tp' ? 'tp_btf' : 'raw_tp'
  const option = (calls: HookKind, reason: string): HookPlan => ({
    calls,
    others,
    watchCompat: calls === 'tracepoint' && kernel.compatCalls,
    callEvents: kernel.callEvents,
    costNs: costOf(calls, wanted, plan, kernel),
    reason,
  })
  const obstacle = obstacleTo(choice, kernel)
  if (obstacle !== undefined) throw obstacle
  if (choice !== 'auto') return option(choice, `${choice} was asked for`)
  const typed = kernel.typed ? 'tp_btf' : 'raw_tp'
  const dispatcher = option(
    typed,
    kernel.typed
      ? 'one typed hook sees every call of both system call tables'
      : 'this kernel describes no tracepoint arguments, so one raw hook sees every call',
  )
  if (kernel.callEvents === undefined || kernel.compatCalls) return dispatcher
  if (wanted.length > MAX_TRACEPOINTS || wanted.some(({event}) => !kernel.callEvents!.has(event)))
    return dispatcher
  const perCall = option(
    'tracepoint',
    `the ${wanted.length} wanted calls are few and rare, and this kernel runs no 32-bit calls`,
  )
  return perCall.costNs < dispatcher.costNs ? perCall : dispatcher
}

function obstacleTo(choice: HookChoice, kernel: KernelHooks): CodedError | undefined {
  if (choice === 'tp_btf' && !kernel.typed) {
    return new CodedError(
      'SENSOR_UNSUPPORTED',
      '--hooks tp_btf: this kernel describes no tracepoint arguments',
      {hint: 'needs CONFIG_DEBUG_INFO_BTF=y; use --hooks auto'},
    )
  }
  if (choice === 'tracepoint' && kernel.callEvents === undefined) {
    return new CodedError(
      'SENSOR_UNSUPPORTED',
      '--hooks tracepoint: the trace events of system calls cannot be read',
      {
        hint: 'mount tracefs at /sys/kernel/tracing (CONFIG_FTRACE_SYSCALLS=y), or use --hooks auto',
      },
    )
  }
  return undefined
}

interface WantedCall {
  readonly nr: number
  readonly event: string
}

/** The system calls of a plan, each side on its own. */
function wantedCalls({
  kinds,
  entryCopies,
}: Pick<CapturePlan, 'kinds' | 'entryCopies'>): WantedCall[] {
  return [
    ...callsOf(kinds.keys()).map(nr => ({nr, event: callEvent('sys_exit', nr) ?? ''})),
    ...callsOf(entryCopies).map(nr => ({nr, event: callEvent('sys_enter', nr) ?? ''})),
  ]
}

function callsOf(kinds: Iterable<number>): number[] {
  const numbers = [...kinds].flatMap(index => {
    const {hook} = CAPTURES[index]!
    return hook.at === 'sys_exit' ? [hook.nr] : []
  })
  return [...new Set(numbers)].sort((left, right) => left - right)
}

/** Trace events that the wanted kinds of record need at one side of the calls, in the order of the calls' numbers. */
export function callEvents(
  tracepoint: CallTracepoint,
  kinds: Iterable<number>,
  available: ReadonlySet<string> | undefined,
): string[] {
  return callsOf(kinds)
    .map(nr => callEvent(tracepoint, nr) ?? '')
    .filter(event => available === undefined || available.has(event))
}

function costOf(
  calls: HookKind,
  wanted: readonly WantedCall[],
  {entryCopies}: Pick<CapturePlan, 'entryCopies'>,
  {compatCalls, typed}: KernelHooks,
): number {
  const sides = entryCopies.size > 0 ? 2 : 1
  if (calls !== 'tracepoint') return COST_NS.slowPath + sides * COST_NS[calls]
  const share = wanted.reduce((sum, {nr}) => sum + (SHARE[nr] ?? RARE_SHARE), 0) / 1000
  const watch = compatCalls ? sides * COST_NS[typed ? 'tp_btf' : 'raw_tp'] : 0
  return Math.round((COST_NS.slowPath + share * COST_NS.tracepoint + watch) * 10) / 10
}
