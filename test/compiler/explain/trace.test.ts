import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {CheckedCondition, CheckedTest} from '../../../src/compiler/checked.ts'
import {nameMacros} from '../../../src/compiler/explain/macro-names.ts'
import {traceEvent} from '../../../src/compiler/explain/trace.ts'
import {fieldEventBinder, parseFieldEvent} from '../../../src/compiler/field-events.ts'
import {ruleChecker} from '../../../src/compiler/rule-checker.ts'
import {loadRuleFiles} from '../../../src/compiler/rules/load.ts'
import {mkCondition} from '../filter/arbitrary-filters.ts'

function tracer(event: object) {
  const parsed = parseFieldEvent(JSON.stringify(event))
  assert.ok(parsed.ok)
  return traceEvent(parsed.event, fieldEventBinder)
}

describe('traceEvent', () => {
  it('answers for every part', () => {
    const condition = mkCondition('proc.name = a and not (fd.num = 3 or fd.num = 4)')
    assert.ok(condition.kind === 'and')
    const {holds} = tracer({'proc.name': 'a', 'fd.num': 4})
    const [name, not] = condition.children as [CheckedCondition, CheckedCondition]
    assert.ok(not.kind === 'not' && not.child.kind === 'or')
    assert.deepEqual([condition, name, not, not.child, ...not.child.children].map(holds), [
      false,
      true,
      false,
      true,
      false,
      true,
    ])
  })

  it('gives the values of both sides and of what stands inside', () => {
    const test = mkCondition('tolower(proc.name) = val(proc.pname)') as CheckedTest
    const values = tracer({'proc.name': 'ABC'}).values(test)
    assert.deepEqual(
      values.map(({text, value}) => [text, value]),
      [
        ['tolower(proc.name)', 'abc'],
        ['proc.name', 'ABC'],
        ['proc.pname', undefined],
      ],
    )
  })

  const deciding: readonly {text: string; event: object; want: number | undefined}[] = [
    {text: 'proc.name in (a, b, c)', event: {'proc.name': 'b'}, want: 1},
    {text: 'proc.name in (a, b, c)', event: {'proc.name': 'd'}, want: undefined},
    {text: 'proc.name in (a, b)', event: {}, want: undefined},
    {text: 'fd.name pmatch (/usr, /etc)', event: {'fd.name': '/etc/x'}, want: 1},
    {text: 'fd.name endswith anyof (.a, .b)', event: {'fd.name': '/x.b'}, want: 1},
    {text: 'fd.snet in (10.0.0.0/8, 192.168.0.0/16)', event: {'fd.snet': '192.168.3.4'}, want: 1},
  ]
  for (const {text, event, want} of deciding) {
    it(`finds what decides ${text} of ${JSON.stringify(event)}`, () => {
      assert.equal(tracer(event).decidingConstant(mkCondition(text) as CheckedTest), want)
    })
  }
})

describe('nameMacros', () => {
  it('finds the macros of a condition, those inside others too', () => {
    const content = `
- macro: reads
  condition: evt.is_open_read = true
- macro: same
  condition: reads
- macro: opens
  condition: evt.type = openat and reads
- rule: R
  desc: d
  condition: opens and not same and fd.num > 2
  output: o
  priority: INFO
`
    const loaded = loadRuleFiles([{name: 'r', content}], {checker: ruleChecker})
    const {expr, condition} = loaded.rules[0]!
    const names = nameMacros(expr, condition, loaded.macros)
    assert.ok(condition.kind === 'and')
    const [opens, not] = condition.children
    assert.equal(names.get(opens!), 'opens')
    assert.ok(not?.kind === 'not')
    assert.equal(names.get(not.child), 'reads')
    assert.equal(names.size, 2)
  })
})
