import type {CheckedCondition} from '../../../src/compiler/checked.ts'
import {evaluate} from '../../../src/compiler/interpret.ts'
import {fieldBinder} from '../../../src/engine/field-binder.ts'
import {MatchContext} from '../../../src/engine/match-context.ts'
import {RecordEvent} from '../../../src/sensor/decoder.ts'
import {HostState} from '../../../src/state/host-state.ts'

/** Judges records as the detector does: decoded, taken into a state, and every field read from there. */
export function createJudge(needs = {fds: false, env: false}): {
  accepts(condition: CheckedCondition, record: Buffer): boolean
} {
  const state = new HostState({maxThreads: 100})
  state.follow(needs)
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
  }
}
