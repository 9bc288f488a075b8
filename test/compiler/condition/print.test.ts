import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import type {Expr} from '../../../src/compiler/condition/ast.ts'
import {parseCondition} from '../../../src/compiler/condition/parser.ts'
import {printExpr} from '../../../src/compiler/condition/print.ts'
import {arbitraryExpr} from './arbitrary-expr.ts'

function canonical(text: string): string {
  const result = parseCondition(text)
  assert.ok(result.ok, result.ok ? '' : result.message)
  return printExpr(result.expr)
}

function withoutSpans(expr: Expr): unknown {
  return JSON.parse(
    JSON.stringify(expr, (key, value: unknown) => (key === 'span' ? undefined : value)),
  )
}

describe('printExpr', () => {
  const cases = [
    {name: 'quotes blanks', input: "a.b = 'x y'", want: 'a.b = "x y"'},
    {name: 'drops needless quotes', input: 'a.b = "xy"', want: 'a.b = xy'},
    {name: 'quotes equals signs', input: "a.b = 'x=y'", want: 'a.b = "x=y"'},
    {name: 'escapes quotes and backslashes', input: "a.b = '\"\\\\x'", want: 'a.b = "\\"\\\\x"'},
    {name: 'escapes control characters', input: 'a.b = "\\n\\x01"', want: 'a.b = "\\n\\x01"'},
    {name: 'writes lone bytes by number', input: 'a.b = "\\xff"', want: 'a.b = "\\xff"'},
    {name: 'leaves text outside ASCII bare', input: 'a.b = "é"', want: 'a.b = é'},
    {name: 'leaves parentheses bare', input: 'a.b = "len(c.d)"', want: 'a.b = len(c.d)'},
    {name: 'quotes the empty text', input: 'a.b in ("", x)', want: 'a.b in ("", x)'},
    {name: 'quotes arguments with blanks', input: 'a.b["c d"] exists', want: 'a.b["c d"] exists'},
    {name: 'drops quotes of arguments', input: 'a.b["c"] exists', want: 'a.b[c] exists'},
    {
      name: 'joins arguments of transformers without a blank',
      input: "getopt(a.b, 'nt:')[t] = x",
      want: 'getopt(a.b,nt:)[t] = x',
    },
  ]
  for (const {name, input, want} of cases) {
    it(name, () => assert.equal(canonical(input), want))
  }

  it('can end a literal in a backslash, exactly', () => {
    const result = parseCondition('a.b = "x\\x5c"')
    assert.ok(result.ok)
    const again = parseCondition(printExpr(result.expr, {exact: true}))
    assert.ok(again.ok)
    assert.deepEqual(withoutSpans(again.expr), withoutSpans(result.expr))
  })

  it('parses to an equal tree when it is exact', () => {
    fc.assert(
      fc.property(arbitraryExpr, expr => {
        const text = printExpr(expr, {exact: true})
        const result = parseCondition(text, {maxDepth: 1000})
        assert.ok(result.ok, result.ok ? '' : `${text}: ${result.message}`)
        assert.deepEqual(withoutSpans(result.expr), withoutSpans(expr))
      }),
    )
  })
})
