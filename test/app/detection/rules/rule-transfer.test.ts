import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {
  packRules,
  unpackedRules,
  withoutFilters,
} from '../../../../src/app/detection/rules/rule-transfer.ts'
import {
  capturePlanOf,
  compileRuleSet,
  createRuleSetCache,
  engineRules,
  type RuleSetOptions,
} from '../../../../src/app/rules/rule-set.ts'
import type {ProgramImage} from '../../../../src/bpf/program-image.ts'
import {ALL_EVENT_CODES} from '../../../../src/compiler/event-types.ts'
import type {EngineRule} from '../../../../src/engine/engine.ts'

const OPTIONS: RuleSetOptions = {
  appendOutput: [],
  selection: [],
  startOff: false,
  minPriority: 'Debug',
  skipInvalidRules: false,
}
const MACRO = '- {macro: m, condition: "proc.name in (a, b)"}\n'
const OPEN =
  '- {rule: open, desc: d, condition: evt.type = open and m, output: x, priority: NOTICE}\n'
const ANY =
  '- {rule: any, desc: d, condition: m, output: "%proc.name", priority: NOTICE, tags: [t]}\n'

/** Compiles one text after the other as a running detector does. */
function compiler(): (text: string) => {
  rules: EngineRule[]
  set: ReturnType<typeof compileRuleSet>
} {
  const cache = createRuleSetCache()
  return text => {
    const set = compileRuleSet([{name: 'r.yaml', content: text}], OPTIONS, cache)
    assert.ok(set.usable)
    return {rules: engineRules(set), set}
  }
}

const image = (name: string, hash: string, slot = 1): ProgramImage => ({
  name,
  attach: {kind: 'tail_call', hook: 'tp_btf', tracepoint: 't', map: 'm', slot, halfSize: 9},
  hash,
  license: 'GPL',
  code: new Uint8Array(8),
  maps: [],
})

describe('the transfer of rules to the detection thread', () => {
  const cases = [
    {name: 'nothing changed', before: MACRO + OPEN + ANY, after: MACRO + OPEN + ANY, want: [0, 1]},
    {name: 'one is new', before: MACRO + OPEN, after: MACRO + OPEN + ANY, want: [0, 'any']},
    {name: 'one went', before: MACRO + OPEN + ANY, after: MACRO + ANY, want: [1]},
    {
      name: 'the order changed',
      before: MACRO + OPEN + ANY,
      after: MACRO + ANY + OPEN,
      want: [1, 0],
    },
    {
      name: 'a macro changed',
      before: MACRO + OPEN,
      after: MACRO.replace('a, b', 'a, c') + OPEN,
      want: ['open'],
    },
    {
      name: 'an output changed',
      before: MACRO + OPEN + ANY,
      after: MACRO + OPEN + ANY.replace('%proc.name', '%proc.exe'),
      want: [0, 'any'],
    },
    {
      name: 'a priority changed',
      before: MACRO + OPEN + ANY,
      after: MACRO + OPEN.replace('NOTICE', 'ERROR') + ANY,
      want: ['open', 1],
    },
    {
      name: 'a tag changed',
      before: MACRO + OPEN + ANY,
      after: MACRO + OPEN + ANY.replace('[t]', '[u]'),
      want: [0, 'any'],
    },
  ]
  for (const {name, before, after, want} of cases) {
    it(`carries what is new: ${name}`, () => {
      const compile = compiler()
      const plan = capturePlanOf(compile(MACRO).set)
      const [old, next] = [compile(before).rules, compile(after).rules]
      const programs: ProgramImage[] = []
      const there = unpackedRules(structuredClone(packRules({rules: old, plan, programs})))
      const packed = structuredClone(
        packRules({rules: next, plan, programs}, {rules: old, programs}),
      )
      assert.deepEqual(
        packed.rules.map(rule => (typeof rule === 'number' ? rule : rule.name)),
        want,
      )
      assert.deepEqual(unpackedRules(packed, there), next)
    })
  }

  it('keeps the one set of all events', () => {
    const {rules, set} = compiler()(MACRO + ANY)
    const packed = packRules({rules, plan: capturePlanOf(set), programs: []})
    assert.equal(unpackedRules(structuredClone(packed))[0]!.eventCodes, ALL_EVENT_CODES)
  })

  it('is refused by who does not have the rules before', () => {
    assert.throws(() => unpackedRules({rules: [3]}, []), /no rule 3/)
  })

  it('carries programs that are loaded by their hashes', () => {
    const {rules, set} = compiler()(MACRO + OPEN)
    const plan = capturePlanOf(set)
    const before = {
      rules,
      programs: [image('a', '1', 1), image('b', '2', 2)],
      standIns: new Map([['m/3', '9']]),
    }
    const programs = [
      image('a', '1', 1),
      image('b', '3', 2),
      {...image('c', '9', 3), standIn: true},
    ]
    const packed = packRules({rules, plan, programs}, before).programs
    assert.deepEqual(
      packed.map(program => ['code' in program, program.hash, program.standIn === true]),
      [
        [false, '1', false],
        [true, '3', false],
        [false, '9', true],
      ],
    )
  })

  it('leaves filters out of the plan', () => {
    const plan = capturePlanOf(compiler()(OPEN.replace(' and m', ' and fd.name = /x')).set, {
      kernelFilter: true,
    })
    assert.ok([...plan.kinds.values()].some(({filter}) => filter !== undefined))
    const bare = withoutFilters(plan)
    assert.deepEqual([...bare.kinds.keys()], [...plan.kinds.keys()])
    assert.ok([...bare.kinds.values()].every(request => !('filter' in request)))
  })
})
