import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {checkCondition} from '../../src/compiler/check.ts'
import type {Expr} from '../../src/compiler/condition/ast.ts'
import {parseCondition} from '../../src/compiler/condition/parser.ts'
import {ALL_EVENT_CODES, codesOfEventName, eventCodesOf} from '../../src/compiler/event-types.ts'

function mkExpr(filter: string): Expr {
  const parsed = parseCondition(filter)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  return parsed.expr
}

function codes(filter: string): number[] {
  const events = eventCodesOf(mkExpr(filter))
  assert.ok(events.ok)
  return [...events.codes].sort((a, b) => a - b)
}

const all = [...ALL_EVENT_CODES].sort((a, b) => a - b)
const only = (...names: string[]): number[] =>
  [...new Set(names.flatMap(name => [...codesOfEventName(name)]))].sort((a, b) => a - b)
const except = (...names: string[]): number[] => all.filter(code => !only(...names).includes(code))

const cases: readonly [filter: string, want: number[]][] = [
  ['evt.type = open', only('open')],
  ['syscall.type = open', only('open')],
  ['evt.type in (open, openat)', only('open', 'openat')],
  ['evt.type != open', except('open')],
  ['not evt.type != open', only('open')],
  ['not (evt.type = open or proc.name = x)', except('open')],
  ['not (evt.type = open and proc.name = x)', all],
  ['evt.type = open and evt.type = close', []],
  ['evt.type = open or proc.name = x', all],
  ['evt.type exists', all],
  ['not evt.type exists', []],
  ['evt.type startswith open', all],
  ['evt.type = oneof (open)', all],
  ['evt.type in ()', []],
  ['not evt.type in ()', all],
  ['evt.num = 0', []],
  ['evt.num != 0', all],
  ['not evt.num != 0', []],
  ['not evt.num = 0', all],
  ['evt.num in (0, 0)', []],
  ['evt.num in (0, 1)', all],
  ['evt.num < 1', []],
  ['not evt.num >= 1', []],
  ['evt.num = 7', all],
  ['not evt.num = 7', all],
  ['evt.num = -1', all],
  ['not proc.name exists', all],
  ['syscall.type = nosuchcall', []],
  ['toupper(proc.name) = X', all],
]

describe('eventCodesOf', () => {
  for (const [filter, want] of cases) {
    it(filter, () => assert.deepEqual(codes(filter), want))
  }

  it('lets a call without an event of its own stand for the generic events', () => {
    assert.deepEqual([...codesOfEventName('sched_yield')], [0, 1])
  })

  it('names events of all ages', () => {
    assert.ok(codesOfEventName('openat').size > 2)
  })

  it('hands out the universal set itself for conditions that say nothing', () => {
    const events = eventCodesOf(mkExpr('proc.name = x and (fd.name = y or not fd.name exists)'))
    assert.ok(events.ok)
    assert.equal(events.codes, ALL_EVENT_CODES)
  })

  for (const filter of [
    'toupper(evt.type) = OPEN',
    'concat(evt.type, "x") in (a)',
    'join("", (evt.type)) != a',
    'evt.type = val(proc.name)',
    'evt.type != toupper(proc.name)',
    'proc.name = x or not evt.type = tolower(fd.name)',
  ]) {
    it(`refuses ${filter}`, () => assert.equal(checkCondition(mkExpr(filter)).ok, false))
  }

  it('looks at a shared tree once', () => {
    let expr = mkExpr('evt.type = open')
    for (let i = 0; i < 60; i++) expr = {kind: 'or', children: [expr, expr], span: expr.span}
    assert.ok(eventCodesOf(expr).ok)
    assert.ok(checkCondition(expr).ok)
  })
})

describe('checkCondition', () => {
  const refusals: readonly [filter: string, kind: string][] = [
    ['evt.type = opena', 'unknown_event_type'],
    ['evt.type in (open, nosuch)', 'unknown_event_type'],
    ['evt.type glob "open*"', 'unknown_event_type'],
    ['evt.type != nosuch', 'unknown_event_type'],
    ['proc.nam = x', 'unknown_field'],
    ['evt.outputtime = x', 'other'],
    ['a_macro', 'other'],
  ]
  for (const [filter, kind] of refusals) {
    it(`refuses ${filter}`, () => {
      const verdict = checkCondition(mkExpr(filter))
      assert.ok(!verdict.ok)
      assert.equal(verdict.problem.kind, kind)
      assert.ok(verdict.problem.span.end <= filter.length)
    })
  }

  const warnings: readonly [filter: string, count: number][] = [
    ['proc.name = proc.pname', 1],
    ['proc.name = " proc.pname "', 1],
    ['proc.name in (proc.pname, x, fd.name)', 2],
    ['proc.name = "proc.aname[2]"', 1],
    ['proc.name = "val( proc.name )"', 1],
    ['proc.name = "getopt(x)"', 1],
    ['proc.name = "tolow(x)"', 0],
    ['proc.name = tolower', 0],
    ['proc.name regex "^abc.*$"', 1],
    ['proc.name regex ".*"', 1],
    ['proc.name regex a.*c', 0],
    ['proc.name regex "a\\\\.b"', 0],
    ['proc.name regex "[a]"', 0],
    ['proc.name = val(proc.pname)', 0],
  ]
  for (const [filter, count] of warnings) {
    it(`warns ${count} times of ${filter}`, () => {
      const verdict = checkCondition(mkExpr(filter))
      assert.ok(verdict.ok)
      assert.equal(verdict.warnings.length, count)
    })
  }
})
