import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {LateJudge} from '../../../src/app/detection/late-judge.ts'
import {compileRuleSet, engineRules} from '../../../src/app/rules/rule-set.ts'
import type {EngineRule} from '../../../src/engine/engine.ts'
import {fieldBinder} from '../../../src/engine/field-binder.ts'
import {MatchContext} from '../../../src/engine/match-context.ts'
import type {Alert} from '../../../src/schema/alert.ts'
import {containerInfo} from '../../../src/state/containers/container-info.ts'
import {HostState} from '../../../src/state/host-state.ts'
import {blank} from '../../../src/state/thread.ts'
import {mkEvent} from '../../support/events.ts'

/** One rule that matches every open of the process; its name and its fields tell whose it is. */
function rules(name: string, output: string): EngineRule[] {
  const content = JSON.stringify([
    {rule: name, desc: 'd', condition: 'evt.type = openat', output, priority: 'NOTICE'},
  ])
  const set = compileRuleSet([{name: 'r.yaml', content}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  return engineRules(set)
}

describe('LateJudge', () => {
  const make = () => {
    const state = new HostState({maxThreads: 10})
    const context = new MatchContext(state)
    const alerts: Alert[] = []
    const late = new LateJudge({
      engine: {
        context,
        binder: fieldBinder({hostname: 'h'}),
        hostname: 'h',
        matching: 'all',
        runId: 'run',
        onAlert: alert => alerts.push(alert),
      },
      waitMs: 60_000,
      ask: () => {},
      onMatched: () => {},
    })
    const thread = {...blank(100), pid: 100, parentTid: 1, comm: 'sh', containerId: 'abc'}
    state.table.add(thread)
    state.containers.see({id: 'abc', fullId: 'abc', runtime: 'docker', cgroup: '/x'}, 100)
    const hold = (generation: number): boolean => {
      context.begin(
        mkEvent({kind: 'openat', name: 'openat', pid: 100, values: {fd: 3, name: '/x'}}),
      )
      const held = late.holds(0, generation)
      context.end()
      return held
    }
    const answer = (): void => {
      late.deliver('abc', containerInfo({id: 'abc', fullId: 'abc', runtime: 'docker'}))
    }
    return {late, alerts, hold, answer}
  }

  it('judges an event by the rules that it was captured for', () => {
    const {late, alerts, hold, answer} = make()
    late.addRules(rules('old', '%proc.name'), 4)
    assert.ok(hold(4))
    late.addRules(rules('new', '%fd.name %proc.name'), 5)
    assert.ok(hold(5))
    assert.ok(hold(4), 'a record of before that was read later')
    late.dropRules(4)
    assert.deepEqual(alerts, [])
    answer()
    assert.deepEqual(
      alerts.map(({rule, generation, message}) => [rule, generation, message]),
      [
        ['old', 4, 'sh'],
        ['new', 5, '/x sh'],
        ['old', 4, 'sh'],
      ],
    )
    assert.equal(new Set(alerts.map(({id}) => id)).size, 3, 'ids are unique')
  })

  it('holds nothing for rules that were given up', () => {
    const {late, hold} = make()
    late.addRules(rules('old', 'x'), 4)
    late.dropRules(4)
    assert.throws(() => hold(4), /generation 4/)
  })
})
