import type {CheckedCondition} from '../../../../src/compiler/checked.ts'
import {
  NO_ANSWERS,
  type ProcessAnswers,
} from '../../../../src/compiler/filter/process/interpret-process.ts'
import type {PredicateSet} from '../../../../src/compiler/filter/process/predicate-set.ts'
import {evaluate} from '../../../../src/compiler/interpret.ts'
import {fieldBinder} from '../../../../src/engine/field-binder.ts'
import {MatchContext} from '../../../../src/engine/match-context.ts'
import {compileProcessJudge} from '../../../../src/engine/process-judge.ts'
import {RecordEvent} from '../../../../src/sensor/decoder.ts'
import {HostState} from '../../../../src/state/host-state.ts'
import type {StartThread} from '../../../../src/state/start/start-sink.ts'
import {blank} from '../../../../src/state/thread.ts'

/** Thread number and start of made-up records. */
export const TID = 700
const STARTED_NS = 500_000_000

/** A thread of a list with these values. */
export function mkThread(tid: number, values: Partial<StartThread>): StartThread {
  const {madeNs: _made, execId: _exec, ...rest} = blank(tid)
  return {...rest, cwd: '/', pid: tid, ...values}
}

/** A state that knows the thread of made-up records and its ancestors. */
export function knownState(values: Partial<StartThread> = {}): HostState {
  const state = new HostState({maxThreads: 100})
  state.thread(mkThread(1, {parentTid: 0, comm: 'init', exe: '/sbin/init', madeNs: 1, execId: 1}))
  state.thread(mkThread(600, {parentTid: 1, comm: 'bash', exe: '-bash', madeNs: 2, execId: 1}))
  const own = {comm: 'sh', exe: '/bin/sh', exePath: '/bin/dash', args: ['-c', 'ls'], tty: 34816}
  const identity = {madeNs: STARTED_NS, execId: 2, startedNs: STARTED_NS}
  state.thread(mkThread(TID, {parentTid: 600, ...own, ...identity, ...values}))
  return state
}

/** Judges records of the known thread by the slow interpreter, and conditions on its process for entries. */
export function knownJudge(state: HostState): {
  accepts(condition: CheckedCondition, record: Buffer): boolean
  bits(set: PredicateSet): bigint
} {
  const context = new MatchContext(state)
  const event = new RecordEvent({bootNs: 1_700_000_000_000_000_000n})
  const binder = fieldBinder({hostname: 'host'})
  return {
    accepts(condition, record) {
      event.moveTo(record, 0, record.length)
      context.begin(event)
      const accepted = evaluate(condition, context, binder)
      context.end()
      return accepted
    },
    bits: ({predicates}) => compileProcessJudge(state, predicates, binder)(state.table.get(TID)!),
  }
}

/** Answers out of bits, without asking what they are good for. */
export function plainAnswers(bits: bigint): ProcessAnswers {
  return bits < 0n ? NO_ANSWERS : ({bit}) => ((bits >> BigInt(bit)) & 1n) === 1n
}
