import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {compileRuleSet, engineRules} from '../../src/app/rules/rule-set.ts'
import {resolveField} from '../../src/compiler/field-lookup.ts'
import type {FieldBinder, FieldRef} from '../../src/compiler/field-ref.ts'
import {Engine} from '../../src/engine/engine.ts'
import {fieldBinder} from '../../src/engine/field-binder.ts'
import {EventHolder, HeldContext, heldBytes} from '../../src/engine/held-events.ts'
import {MatchContext} from '../../src/engine/match-context.ts'
import type {Event} from '../../src/schema/event.ts'
import {currentEvent} from '../../src/schema/event-table.ts'
import {containerInfo} from '../../src/state/containers/container-info.ts'
import {HostState} from '../../src/state/host-state.ts'
import {blank} from '../../src/state/thread.ts'

const ref = (name: string, arg?: string): FieldRef => {
  const lookup = resolveField(name, arg)
  assert.ok(lookup.ok)
  return lookup.field
}
const mkEvent = (): Event => ({
  num: 7,
  def: currentEvent('openat')!,
  tid: 100,
  cpu: 1,
  paramCount: 0,
  live: undefined,
  timeNs: () => 5000n,
  get: () => undefined,
})
/** Binds proc.name; counts how often it is read. */
const mkBinder = (): FieldBinder<MatchContext> & {reads: number} => ({
  reads: 0,
  bind(field) {
    return context => {
      this.reads++
      return field.def.name === 'proc.name' ? context.thread?.comm : undefined
    }
  },
})

describe('EventHolder', () => {
  it('keeps values as they were, and reads the container when it is judged', () => {
    const state = new HostState({maxThreads: 10})
    const thread = {...blank(100), pid: 100, parentTid: 1, comm: 'sh', containerId: 'abc'}
    state.table.add(thread)
    state.containers.onSeen = () => {}
    state.containers.see({id: 'abc', fullId: 'abc', runtime: 'docker', cgroup: '/x'}, 100)
    const binder = mkBinder()
    const holder = new EventHolder(binder)
    const name = holder.bind(ref('proc.name'))
    const again = holder.bind(ref('proc.name'))
    const repository = holder.bind(ref('container.image.repository'))
    const context = new MatchContext(state)
    context.begin(mkEvent())
    const held = holder.hold(context)
    assert.equal(binder.reads, 1)
    thread.comm = 'later'
    const late = new HeldContext(state.containers)
    late.begin(held)
    assert.deepEqual([name(late), again(late), repository(late)], ['sh', 'sh', undefined])
    const info = containerInfo({id: 'abc', fullId: 'abc', runtime: 'docker', imageRepository: 'r'})
    state.containers.deliver('abc', info)
    assert.equal(repository(late), 'r')
    const {num, tid, cpu, def} = late.event
    assert.deepEqual([num, tid, cpu, def.name, late.event.timeNs()], [7, 100, 1, 'openat', 5000n])
  })

  it('counts what it keeps', () => {
    const event = mkEvent()
    assert.equal(
      heldBytes({event, thread: undefined, values: ['abc', 1, ['de', 'f'], undefined]}),
      70,
    )
  })

  it('lets rules judge an event once its container is known', () => {
    const state = new HostState({maxThreads: 10})
    const thread = {...blank(100), pid: 100, parentTid: 1, comm: 'sh', containerId: 'abc'}
    state.table.add(thread)
    state.containers.onSeen = () => {}
    state.containers.see({id: 'abc', fullId: 'abc', runtime: 'docker', cgroup: '/x'}, 100)
    const holder = new EventHolder(fieldBinder({hostname: ''}))
    const messages: string[] = []
    const engine = new Engine({
      context: new HeldContext(state.containers),
      binder: holder,
      hostname: '',
      matching: 'first',
      runId: 'held',
      onAlert: alert => messages.push(alert.message),
    })
    const content = `
- rule: shell in a privileged container
  desc: d
  condition: evt.type = openat and proc.name = sh and container.privileged = true
  output: "%proc.name in %container.image.repository of %k8s.pod.name at %evt.num"
  priority: ERROR
`
    const set = compileRuleSet([{name: 'r.yaml', content}], {
      appendOutput: [],
      selection: [],
      startOff: false,
      minPriority: 'Debug',
      skipInvalidRules: false,
    })
    engine.setRules(engineRules(set), 1)
    const context = new MatchContext(state)
    context.begin(mkEvent())
    const held = holder.hold(context)
    context.end()
    thread.comm = 'exited'
    assert.equal(engine.process(held), 0)
    const parts = {imageRepository: 'r', privileged: true}
    const info = containerInfo({id: 'abc', fullId: 'abc', runtime: 'docker', ...parts})
    state.containers.deliver('abc', info)
    assert.equal(engine.process(held), 1)
    assert.deepEqual(messages, ['sh in r of <NA> at 7'])
  })
})
