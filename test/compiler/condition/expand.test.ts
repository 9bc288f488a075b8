import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {Expr} from '../../../src/compiler/condition/ast.ts'
import {
  type Expanded,
  expandMacros,
  MAX_EXPANDED_DEPTH,
  MAX_EXPANDED_NODES,
} from '../../../src/compiler/condition/expand.ts'
import {parseCondition} from '../../../src/compiler/condition/parser.ts'
import {printExpr} from '../../../src/compiler/condition/print.ts'

function parse(text: string): Expr {
  const result = parseCondition(text)
  assert.ok(result.ok)
  return result.expr
}

function mkMacros(texts: Readonly<Record<string, string>>): Map<string, Expanded> {
  return new Map(
    Object.entries(texts).map(([name, text]) => [name, {expr: parse(text), size: 1, depth: 1}]),
  )
}

function expand(text: string, macros: ReadonlyMap<string, Expanded>) {
  return expandMacros(parse(text), name => macros.get(name) ?? `no macro '${name}'`)
}

describe('expandMacros', () => {
  it('puts trees in, so that macros need no parentheses', () => {
    const result = expand('m and not n', mkMacros({m: 'a.b = 1 or a.b = 2', n: 'c.d exists'}))
    assert.ok(result.ok)
    assert.equal(printExpr(result.expr), '((a.b = 1 or a.b = 2) and not c.d exists)')
  })

  it('uses one node object for every use of a macro', () => {
    const macros = mkMacros({m: 'a.b = 1'})
    const result = expand('m or (x.y exists and m)', macros)
    assert.ok(result.ok && result.expr.kind === 'or')
    const [first, second] = result.expr.children
    assert.equal(first, macros.get('m')!.expr)
    assert.equal(second?.kind === 'and' && second.children[1], first)
  })

  it('gives a tree without macros back as it is', () => {
    const tree = parse('not (a.b = 1 or a.b in (2, 3))')
    const result = expandMacros(tree, () => 'unused')
    assert.ok(result.ok)
    assert.equal(result.expr, tree)
    assert.deepEqual([result.size, result.depth], [9, 3])
  })

  it('stops at the first unknown name with its place', () => {
    const result = expand('m and x and y', mkMacros({m: 'a.b = 1'}))
    assert.ok(!result.ok)
    assert.equal(result.problem.name, 'x')
    assert.deepEqual(result.problem.span, {start: 6, end: 7})
    assert.match(result.problem.message, /'x'/)
  })

  const bounds = [
    {name: 'size', macro: {size: MAX_EXPANDED_NODES, depth: 1}, message: /parts/},
    {name: 'depth', macro: {size: 1, depth: MAX_EXPANDED_DEPTH}, message: /levels/},
  ]
  for (const {name, macro, message} of bounds) {
    it(`bounds the ${name} of what comes out`, () => {
      const macros = new Map([['m', {expr: parse('a.b = 1'), ...macro}]])
      assert.equal(expand('m', macros).ok, true)
      const result = expand('not m', macros)
      assert.match(result.ok ? '' : result.problem.message, message)
    })
  }
})
