import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {parseCondition} from '../../../src/compiler/condition/parser.ts'
import {ALL_EVENT_CODES, codesOfEventName} from '../../../src/compiler/event-types.ts'
import {compileRuleMatcher} from '../../../src/compiler/js/matcher.ts'
import {probeRuleChecker} from '../../../src/compiler/rule-checker.ts'
import {type ProbeDef, probeCode} from '../../../src/schema/probe.ts'

const mkProbe = (name: string, index: number): ProbeDef => ({
  name,
  index,
  struct: 's',
  recordBytes: 8,
  members: [
    {name: 'a', type: 'uint32', offset: 0, size: 4},
    {name: 'in.b', type: 'string', offset: 4, size: 4},
  ],
})
const ONE = mkProbe('one', 0)
const TWO = mkProbe('two', 1)
const checker = probeRuleChecker([ONE, TWO])

const check = (condition: string) => {
  const parsed = parseCondition(condition)
  assert.ok(parsed.ok)
  return checker.checkCondition(parsed.expr)
}

describe('rules about probes', () => {
  const one = probeCode(ONE)
  const two = probeCode(TWO)
  const open = [...codesOfEventName('open')]
  const cases: readonly {condition: string; want: readonly number[] | 'all'}[] = [
    {condition: 'evt.type = probe.one', want: [one]},
    {condition: 'probe.one.a = 1', want: [one]},
    {condition: 'probe.one.a = 1 or probe.two.a = 1', want: [one, two]},
    {condition: 'probe.one.a = 1 and probe.two.a = 1', want: []},
    {condition: 'tolower(probe.one.in.b) = x and proc.name = y', want: [one]},
    {condition: 'proc.name = val(probe.two.in.b)', want: [two]},
    {condition: 'evt.type in (open, probe.two)', want: [...open, two]},
    {condition: 'evt.type = probe.one and not probe.one.a = 1', want: [one]},
    {condition: 'not probe.one.a = 1', want: 'all'},
    {condition: 'proc.name = y', want: 'all'},
    {condition: 'evt.type = probe.one or proc.name = y', want: 'all'},
    {condition: 'not evt.type = probe.one and probe.one.a = 1', want: []},
    {condition: 'evt.type != open and probe.one.a = 1', want: [one]},
  ]
  for (const {condition, want} of cases) {
    it(`are asked on the events that ${condition} leaves`, () => {
      const verdict = check(condition)
      assert.ok(verdict.ok)
      if (want === 'all') assert.equal(verdict.eventCodes, ALL_EVENT_CODES)
      else assert.deepEqual([...verdict.eventCodes].sort(), [...want].sort())
    })
  }

  it('are asked on all events when they name none', () => {
    const verdict = check('proc.name = y')
    assert.ok(verdict.ok)
    const matcher = compileRuleMatcher([verdict], {bind: () => () => 'y'})
    assert.equal(matcher.matchFirst({}, two), 0)
    assert.equal(matcher.matchFirst({}, open[0]!), 0)
  })

  for (const condition of [
    'probe.one.none = 1',
    'probe.three.a = 1',
    'evt.type = probe.three',
    'probe.one.a = text',
    'probe.one.constructor = 1',
  ])
    it(`are refused for ${condition}`, () => assert.equal(check(condition).ok, false))

  it('may print its fields', () => {
    assert.equal(checker.checkTemplate('%probe.one.a %probe.two.in.b').ok, true)
    assert.equal(checker.checkTemplate('%probe.one.c').ok, false)
    assert.equal(checker.isKnownField('probe.one.in.b'), true)
    assert.equal(checker.isKnownField('probe.one.in'), false)
  })
})
