import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {ProcessBits} from '../../../../src/app/detection/bits/process-bits.ts'
import {deriveFilter} from '../../../../src/compiler/filter/derive-filter.ts'
import {passesFilter} from '../../../../src/compiler/filter/interpret-filter.ts'
import {processAnswers} from '../../../../src/compiler/filter/process/interpret-process.ts'
import {collectPredicates} from '../../../../src/compiler/filter/process/predicate-set.ts'
import {evaluate} from '../../../../src/compiler/interpret.ts'
import {fieldBinder} from '../../../../src/engine/field-binder.ts'
import {MatchContext} from '../../../../src/engine/match-context.ts'
import {RecordEvent} from '../../../../src/sensor/decoder.ts'
import {HostState} from '../../../../src/state/host-state.ts'
import {mkCondition} from '../../../compiler/filter/arbitrary-filters.ts'
import {layoutNamed} from '../../../compiler/filter/made-record.ts'
import {mkThread} from '../../../compiler/filter/process/process-state.ts'
import {type BumpOrder, ModelHost, type Operation, type Submitted, type Task} from './model-host.ts'

const CONDITIONS = [
  'proc.name = a',
  'not proc.name = a',
  'proc.pname = a',
  'not proc.pname = a',
  'proc.aname = b',
  'not proc.aname = b',
  'proc.ppid = 1',
  'not proc.ppid = 1',
  'proc.is_sid_leader = true',
  'not proc.is_sid_leader = true',
  'proc.name = b and not proc.pname = b',
].map(text => `evt.type = openat and ${text}`)
const OPENAT = layoutNamed('openat')
const NUMBERS = [2, 3, 4, 5]

/** What happens next, in the model. */
type Step =
  | {readonly do: 'fork'; readonly by: number; readonly tid: number}
  | {readonly do: 'exec'; readonly by: number; readonly comm: string}
  | {readonly do: 'exit' | 'setsid' | 'open' | 'go'; readonly by: number}
  | {readonly do: 'read'; readonly count: number}
  | {readonly do: 'lose' | 'mend'}

const by = fc.nat(4)
const step: fc.Arbitrary<Step> = fc.oneof(
  {weight: 4, arbitrary: fc.record({do: fc.constant('open' as const), by})},
  {weight: 8, arbitrary: fc.record({do: fc.constant('go' as const), by})},
  {
    weight: 2,
    arbitrary: fc.record({do: fc.constant('fork' as const), by, tid: fc.constantFrom(...NUMBERS)}),
  },
  {
    weight: 2,
    arbitrary: fc.record({do: fc.constant('exec' as const), by, comm: fc.constantFrom('a', 'b')}),
  },
  {weight: 1, arbitrary: fc.record({do: fc.constantFrom('exit' as const, 'setsid' as const), by})},
  {weight: 4, arbitrary: fc.record({do: fc.constant('read' as const), count: fc.nat(6)})},
)
const losing: fc.Arbitrary<Step> = fc.oneof(
  {weight: 30, arbitrary: step},
  {weight: 1, arbitrary: fc.record({do: fc.constantFrom('lose' as const, 'mend' as const)})},
)

/** Plays a story; false when a filter dropped what a rule then accepts. `dropped` counts what was dropped. */
function play(steps: readonly Step[], order: BumpOrder, dropped: {count: number}): boolean {
  const host = new ModelHost(order)
  const state = new HostState({maxThreads: 100})
  state.follow({fds: false, env: false})
  const listed = (task: Task) =>
    mkThread(task.tid, {
      parentTid: task.parent?.tid ?? 0,
      comm: task.comm,
      startedNs: Number(task.start),
      sid: task.sid,
      vtid: task.tid,
      vpid: task.tid,
    })
  const first = host.tasks.get(1)!
  state.thread({...listed(first), madeNs: Number(first.start), execId: Number(first.execId)})
  const conditions = CONDITIONS.map(mkCondition)
  const collector = collectPredicates()
  const filters = conditions.map(condition => deriveFilter(OPENAT, [condition], collector))
  const predicates = collector.finish()
  const binder = fieldBinder({hostname: 'h'})
  const bits = new ProcessBits({state, binder, map: name => host.map(name)})
  bits.announce(0, {predicates})
  const asks = {onDemand: new Set<string>(), everyCall: true, asksProcess: true}
  bits.follow({predicates, kinds: new Map([[OPENAT.index, asks]])})
  const context = new MatchContext(state)
  const event = new RecordEvent({bootNs: 0n})

  const take = ({bytes, dropped: by}: Submitted): boolean => {
    // What no filter passes is not there: it is only asked what would have become of it.
    event.moveTo(bytes, 0, bytes.length)
    context.begin(event)
    const isSound = by.every(index => !evaluate(conditions[index]!, context, binder))
    if (by.length < conditions.length) bits.passed(event, context.thread)
    context.end()
    return isSound
  }
  const read = (count: number): boolean => {
    const ready = host.ring.sort((a, b) => a.time - b.time).splice(0, count)
    const isSound = ready.every(take)
    bits.settle()
    return isSound
  }
  const judge = (task: Task) => (record: Buffer) => {
    const answers = processAnswers(host.entries.get(task.tid), host.now(task))
    const gone = filters.flatMap((filter, index) =>
      passesFilter(filter, record, 0, answers) ? [] : index,
    )
    dropped.count += gone.length
    return gone
  }
  const mend = (): void => {
    if (host.ring.length > 0) return
    bits.mend(() => {
      for (const {tid} of [...state.table.threads()]) state.drop(tid)
      for (const task of host.tasks.values()) state.thread(listed(task))
    })
    bits.settle()
  }
  const busy = new Map<Task, Operation>()
  const begin = (task: Task, next: Step): Operation | undefined => {
    if (next.do === 'fork') return host.tasks.has(next.tid) ? undefined : host.fork(task, next.tid)
    if (next.do === 'exec') return host.exec(task, next.comm)
    if (task.tid === 1) return undefined
    if (next.do === 'exit') return host.exit(task)
    return next.do === 'setsid' ? host.setsid(task) : undefined
  }
  const newborn = (task: Task): boolean =>
    task.parent !== undefined && busy.has(task.parent) && !seen.has(task)
  const seen = new WeakSet<Task>([first])
  for (const next of steps) {
    if (next.do === 'read') {
      if (!read(next.count)) return false
      continue
    }
    if (next.do === 'lose') host.toLose++
    if (next.do === 'mend') mend()
    if (!('by' in next)) continue
    const task = [...host.tasks.values()][next.by % host.tasks.size]!
    // A new task runs once its maker has told of it.
    if (newborn(task)) continue
    seen.add(task)
    const running = busy.get(task)
    if (running !== undefined) {
      if (running.next().done === true) busy.delete(task)
    } else if (next.do === 'open') host.open(task, judge(task))
    else {
      const operation = begin(task, next)
      if (operation === undefined) continue
      busy.set(task, operation)
      operation.next()
    }
  }
  return read(Number.POSITIVE_INFINITY)
}

function tell(order: BumpOrder, steps: fc.Arbitrary<Step>, numRuns: number) {
  const dropped = {count: 0}
  const story = fc.array(steps, {minLength: 20, maxLength: 120, size: 'max'})
  const found = fc.check(
    fc.property(story, all => play(all, order, dropped)),
    {numRuns, seed: Number(process.env['FC_SEED'] ?? 20_261_122), endOnFailure: true},
  )
  return {...found, dropped: dropped.count}
}

describe('ProcessBits', function () {
  this.timeout(60_000)

  for (const [name, steps] of [
    ['whatever processes do, step by step', step],
    ['when records are lost', losing],
  ] as const) {
    it(`lets no filter drop what a rule accepts, ${name}`, () => {
      const found = tell('first', steps, 1500)
      assert.equal(
        found.failed,
        false,
        `${found.errorInstance} ${JSON.stringify(found.counterexample)}`,
      )
      assert.ok(found.dropped > 2000, `only ${found.dropped} records were dropped`)
    })
  }

  for (const order of ['afterTime', 'last', 'never'] as const) {
    it(`would not, if the epoch were counted up ${order}`, () => {
      assert.match(String(tell(order, step, 20_000).errorInstance), /returning false/)
    })
  }
})
