import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {deriveFilter} from '../../../../src/compiler/filter/derive-filter.ts'
import {
  collectPredicates,
  NO_PREDICATES,
  PREDICATES_MAX,
  type PredicateSet,
} from '../../../../src/compiler/filter/process/predicate-set.ts'
import {processFieldNames} from '../../../../src/compiler/filter/process/process-fields.ts'
import {FILLED_FIELDS, fieldBinder} from '../../../../src/engine/field-binder.ts'
import {compileProcessJudge} from '../../../../src/engine/process-judge.ts'
import {mkCondition} from '../arbitrary-filters.ts'
import {layoutNamed} from '../made-record.ts'
import {knownState, TID} from './process-state.ts'

function predicatesOf(conditions: readonly string[], before?: PredicateSet): PredicateSet {
  const predicates = collectPredicates(before)
  deriveFilter(layoutNamed('openat'), conditions.map(mkCondition), predicates)
  return predicates.finish()
}

const cases: readonly {name: string; conditions: readonly string[]; bits: number}[] = [
  {name: 'nothing of an event', conditions: ['fd.name = /x and user.uid = 0'], bits: 0},
  {name: 'one test', conditions: ['proc.name = sh and fd.name = /x'], bits: 1},
  {
    name: 'tests side by side as one',
    conditions: ['fd.name = /x and proc.name = sh and not proc.pname = cron and proc.tty != 0'],
    bits: 1,
  },
  {
    name: 'the same part of two rules once',
    conditions: ['fd.name = /x and proc.name = sh', 'proc.name = sh and fd.name = /y'],
    bits: 1,
  },
  {
    name: 'the same parts in another order once',
    conditions: [
      'fd.name = /x and (proc.name = sh or proc.name = ash)',
      '(proc.name = ash or proc.name = sh) and fd.name = /y',
    ],
    bits: 1,
  },
  {
    name: 'parts that stand apart',
    conditions: ['proc.name = sh or (fd.name = /x and proc.name = ash)'],
    bits: 2,
  },
  {name: 'a test of two fields', conditions: ['proc.name = val(proc.pname)'], bits: 1},
  {name: 'no test with a field of the event', conditions: ['fd.name = val(proc.name)'], bits: 0},
]

describe('conditions on processes', () => {
  for (const {name, conditions, bits} of cases) {
    it(`take bits for ${name}`, () => {
      assert.equal(predicatesOf(conditions).predicates.length, bits)
    })
  }

  it('keep their bits, and sets of the same meaning their ids', () => {
    const first = predicatesOf(['proc.name = a', 'proc.name = b', 'proc.name = c'])
    const second = predicatesOf(['proc.name = x', 'proc.name = c', 'proc.name = a'], first)
    const bitOf = (set: PredicateSet, text: string): number | undefined =>
      set.predicates.find(({condition}) => condition.kind === 'test' && condition.text === text)
        ?.bit
    for (const {condition, bit} of second.predicates) {
      if (condition.kind !== 'test') throw new Error('not a test')
      if (!/\bx\b/.test(condition.text)) assert.equal(bit, bitOf(first, condition.text))
    }
    const used = new Set(first.bits.values())
    assert.equal([...second.bits.values()].filter(bit => !used.has(bit)).length, 1)
    assert.notEqual(first.id, second.id)
    assert.equal(
      predicatesOf(['proc.name = c', 'proc.name = b', 'proc.name = a'], first).id,
      first.id,
    )
  })

  it('are unknown past the bound', () => {
    const many = Array.from({length: PREDICATES_MAX + 10}, (_, at) => `proc.name = n${at}`)
    assert.equal(predicatesOf(many).predicates.length, PREDICATES_MAX)
  })

  it('take the bits of those that are gone, each bit once', () => {
    const names = (from: number): string[] =>
      Array.from({length: PREDICATES_MAX}, (_, at) => `proc.name = n${from + at}`)
    const first = predicatesOf(names(0))
    const second = predicatesOf(names(PREDICATES_MAX - 10), first)
    assert.equal(new Set(second.bits.values()).size, PREDICATES_MAX)
  })

  it('say what may change them', () => {
    const uses = predicatesOf(['proc.name = a', 'proc.pname = a', 'container.image = a']).predicates
    assert.deepEqual(
      uses.map(({kin, container}) => [kin, container]),
      [
        [false, false],
        [true, false],
        [false, true],
      ],
    )
  })

  it('read fields that are filled, and never the event', () => {
    const state = knownState()
    state.thread({...mkListedIn(state)})
    for (const name of processFieldNames()) {
      assert.ok(FILLED_FIELDS.has(name), name)
      const text = TEXT_FIELDS.find(
        field => field.startsWith(`${name}[`) || field === `${name}.cpu`,
      )
      const condition = mkCondition(`${text ?? name} exists`)
      const predicates = [{condition, bit: 0, kin: false, container: false, cgroup: false}]
      const judge = compileProcessJudge(state, predicates, fieldBinder({hostname: 'h'}))
      for (const thread of state.table.threads()) judge(thread)
    }
  })

  it('come to an end when there are no bits left', () => {
    const predicates = collectPredicates()
    const names = Array.from({length: 300}, (_, n) => `proc.name = n${n} and proc.pname = p${n}`)
    const conditions = names.map(name =>
      mkCondition(`evt.type = openat and (container.id = c and container.name = d and ${name})`),
    )
    deriveFilter(layoutNamed('openat'), conditions, predicates)
    assert.equal(predicates.finish().predicates.length, PREDICATES_MAX)
  })

  it('have an id of their own when there are none', () => {
    assert.equal(predicatesOf([]).predicates.length, NO_PREDICATES.predicates.length)
  })
})

/** Fields that need an argument. */
const TEXT_FIELDS = [
  'thread.cgroup.cpu',
  'container.label[a]',
  'container.mount[0]',
  'container.mount.source[/a]',
  'container.mount.dest[/a]',
  'container.mount.mode[/a]',
  'container.mount.rdwr[/a]',
  'container.mount.propagation[/a]',
  'k8s.pod.label[a]',
]

function mkListedIn(state: ReturnType<typeof knownState>) {
  const {tid: _tid, ...rest} = state.table.get(TID)!
  const {madeNs: _made, execId: _exec, ...facts} = rest
  return {
    ...facts,
    tid: TID + 1,
    cwd: '/',
    cgroups: ['cpuset=/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'],
  }
}
