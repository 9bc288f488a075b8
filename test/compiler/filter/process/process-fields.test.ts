import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import type {CheckedTest} from '../../../../src/compiler/checked.ts'
import {processFieldNames} from '../../../../src/compiler/filter/process/process-fields.ts'
import {fieldBinder} from '../../../../src/engine/field-binder.ts'
import {MatchContext} from '../../../../src/engine/match-context.ts'
import type {Hook} from '../../../../src/schema/capture.ts'
import {RECORD_LAYOUTS} from '../../../../src/schema/record-layout.ts'
import {RecordEvent} from '../../../../src/sensor/decoder.ts'
import type {HostState} from '../../../../src/state/host-state.ts'
import {mkCondition} from '../arbitrary-filters.ts'
import {type MadeValue, madeRecord} from '../made-record.ts'
import {knownState, mkThread} from './process-state.ts'

/** Kinds of record for which the epoch is counted up, or whose thread gets another program. */
const CHANGING = ['exec', 'new_task', 'procexit', 'setsid', 'capset', 'setns', 'unshare']
/** Fields with an argument that is needed, and others that would print lists. */
const WITH_ARGUMENT: Readonly<Record<string, string>> = {
  'thread.cgroup': 'thread.cgroup.cpu',
  'container.label': 'container.label[a]',
  'container.mount': 'container.mount[0]',
  'container.mount.source': 'container.mount.source[/a]',
  'container.mount.dest': 'container.mount.dest[/a]',
  'container.mount.mode': 'container.mount.mode[/a]',
  'container.mount.rdwr': 'container.mount.rdwr[/a]',
  'container.mount.propagation': 'container.mount.propagation[/a]',
  'k8s.pod.label': 'k8s.pod.label[a]',
}

const number = fc.constantFrom(0n, 1n, -1n, 2n, 15n, 36n, 600n, 699n, 700n, 1n << 28n, 2n ** 31n)
const bytes = fc
  .constantFrom('', '/x', 'x', '/usr\0bin\0', 'a\0b\0', '\x02\x00\x00\x50\x7f\x00\x00\x01')
  .map((text): MadeValue => ({bytes: text}))

/** What calls of the kind yield, as far as there are records of them. */
function resultOf(hook: Hook): fc.Arbitrary<MadeValue> {
  const calls = hook.at === 'sys_exit' ? hook.calls : undefined
  if (calls === 'failed') return fc.constant(-2n)
  return number.filter(value => calls === undefined || value !== 0n)
}

/** The values of all fields for all threads, in the words of a test's message. */
function values(state: HostState): string[] {
  const context = new MatchContext(state)
  const binder = fieldBinder({hostname: 'h'})
  const read = processFieldNames().map(name => {
    const {left} = mkCondition(`${WITH_ARGUMENT[name] ?? name} exists`) as CheckedTest
    if (left.kind !== 'field') throw new Error(`${name} is no field`)
    return {name, extract: binder.bind(left.field)}
  })
  const event = {num: -1, def: NOTHING.def, timeNs: () => 0n}
  return [600, 700, 701].flatMap(tid => {
    const thread = state.table.get(tid)
    const {table, containers} = state
    context.scope = {event, table, containers, thread} as unknown as MatchContext['scope']
    return read.map(({name, extract}) => `${tid} ${name} ${String(extract(context))}`)
  })
}

function stateOfThree(): HostState {
  const state = knownState({env: ['A=1'], cgroups: ['cpu=/x'], sid: 700, vpid: 700, vtid: 700})
  state.thread(mkThread(701, {parentTid: 600, pid: 700, comm: 'thread', vpid: 700, vtid: 701}))
  state.before({...NOTHING} as never)
  return state
}

/** An event of no thread: what waits in lists is put in its place. */
const NOTHING = {
  num: 1,
  def: {name: 'pluginevent', flags: [], params: [], direction: 'exit', code: 0},
  tid: -1,
  get: () => undefined,
  timeNs: () => 0n,
}

describe('fields of processes', function () {
  this.timeout(60_000)

  for (const {capture, slots} of RECORD_LAYOUTS) {
    if (CHANGING.includes(capture.kind)) continue
    it(`stay as they are when ${capture.kind} is taken in`, () => {
      fc.assert(
        fc.property(
          fc.tuple(
            ...slots.map(({maxBytes, source}) =>
              source.from === 'ret' ? resultOf(capture.hook) : maxBytes === 0 ? number : bytes,
            ),
          ),
          fc.boolean(),
          (made, isMain) => {
            const state = stateOfThree()
            const before = values(state)
            const named = Object.fromEntries(slots.map(({name}, at) => [name, made[at]!]))
            const record = madeRecord({kind: capture.kind, values: named})
            if (!isMain) record.writeUInt32LE(701, 12)
            const event = new RecordEvent({bootNs: 0n})
            event.moveTo(record, 0, record.length)
            const scope = state.before(event)
            assert.deepEqual(values(state), before)
            state.after(scope)
            assert.deepEqual(values(state), before)
          },
        ),
        {numRuns: 12},
      )
    })
  }
})
