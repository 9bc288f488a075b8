import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import type {CheckExpr, Expr} from '../../../src/compiler/condition/ast.ts'
import {
  parseCondition,
  parseOperandAt,
  RULE_MAX_DEPTH,
} from '../../../src/compiler/condition/parser.ts'
import {printExpr} from '../../../src/compiler/condition/print.ts'

function parse(text: string): Expr {
  const result = parseCondition(text)
  assert.ok(result.ok, result.ok ? '' : `${text}: ${result.message}`)
  return result.expr
}

describe('parseCondition', () => {
  const accepted: readonly {name: string; input: string; want: string}[] = [
    {name: 'and binds tighter than or', input: 'a or b and c', want: '(a or (b and c))'},
    {name: 'not binds tightest', input: 'not a and b', want: '(not a and b)'},
    {name: 'chains are flat', input: 'a and b and c', want: '(a and b and c)'},
    {name: 'parentheses keep groups apart', input: 'a and (b and c)', want: '(a and (b and c))'},
    {name: 'pairs of not cancel', input: 'not not a', want: 'a'},
    {name: 'three nots are one', input: 'not not not a', want: 'not a'},
    {name: 'not may touch its parenthesis', input: 'not(a)', want: 'not a'},
    {name: 'and may touch its parenthesis', input: 'a and(b)', want: '(a and b)'},
    {name: 'a name may begin with a keyword', input: 'notb or android', want: '(notb or android)'},
    {name: 'exists needs no blank behind it', input: 'a.b existsand m', want: '(a.b exists and m)'},
    {name: 'in needs no blank around it', input: 'a.b in(x)', want: 'a.b in (x)'},
    {name: 'in takes one bare name', input: 'a.b in names', want: 'a.b in (names)'},
    {name: 'in may touch its name', input: 'a.b innames', want: 'a.b in (names)'},
    {name: 'an empty list is a list', input: 'a.b in ()', want: 'a.b in ()'},
    {name: 'a bare word may look like a keyword', input: 'a.b = not', want: 'a.b = not'},
    {name: 'a bare word may look like a field', input: 'a.b = c.d', want: 'a.b = c.d'},
    {name: 'double equals stays apart', input: 'a.b==c', want: 'a.b == c'},
    {name: 'order operators take numbers', input: 'a.b >= 0x1F', want: 'a.b >= 0x1F'},
    {name: 'numbers may have exponents', input: 'a.b < 1.5e+3', want: 'a.b < 1.5e+3'},
    {name: 'val() names a field', input: 'a.b = val( c.d[1] )', want: 'a.b = val(c.d[1])'},
    {
      name: 'in takes a transformer',
      input: 'a.b in getopt(c.d, "x")',
      want: 'a.b in getopt(c.d,x)',
    },
    {name: 'modifiers take lists', input: 'a.b = oneof (c, d)', want: 'a.b = oneof (c, d)'},
    {name: 'modifiers take a name', input: 'a.b glob anyof c', want: 'a.b glob anyof (c)'},
    {name: 'a modifier may be a member', input: 'a.b == oneof oneof', want: 'a.b == oneof (oneof)'},
    {
      name: 'a modifier before and is text',
      input: 'a.b = oneof and c',
      want: '(a.b = oneof and c)',
    },
    {name: 'a modifier before ) is text', input: '(a.b = allof )', want: 'a.b = allof'},
    {name: 'a modifier at the end is text', input: 'a.b = anyof', want: 'a.b = anyof'},
    {name: 'arguments may hold parentheses', input: 'a.b[x(y)] = c', want: 'a.b[x(y)] = c'},
    {name: 'arguments may be quoted', input: "a.b['x y'] exists", want: 'a.b["x y"] exists'},
    {name: 'transformers nest', input: 'len(b64( a.b )) > 1', want: 'len(b64(a.b)) > 1'},
    {
      name: 'transformers take lists',
      input: 'join("-",(a.b , 1)) = x',
      want: 'join(-,(a.b, 1)) = x',
    },
    {name: 'backspace is a blank', input: 'a\band\bb', want: '(a and b)'},
  ]
  for (const {name, input, want} of accepted) {
    it(name, () => assert.equal(printExpr(parse(input)), want))
  }

  const refused: readonly {name: string; input: string; at: number; message?: RegExp}[] = [
    {name: 'the empty text', input: '', at: 0, message: /empty/},
    {name: 'blanks alone', input: '  ', at: 2},
    {name: 'and without a blank', input: 'a andb', at: 5, message: /blank or '\('/},
    {name: 'and after or( without a blank', input: 'a or(b) and c', at: 8, message: /'and'/},
    {name: 'a field alone', input: 'a.b', at: 3, message: /operator/},
    {name: 'a field with rubbish behind it', input: 'evt.arg.0 = x', at: 7},
    {name: 'a macro with an operator', input: 'm > 12', at: 2},
    {name: 'a word operator without a blank', input: 'a.b containsx', at: 4},
    {name: 'keywords in upper case', input: 'a AND b', at: 2},
    {name: 'a list for a string operator', input: 'a.b = (x)', at: 6},
    {name: 'text for an order operator', input: "a.b < '1'", at: 6},
    {name: 'a transformer in a list', input: 'a.b in (x, b64(c.d))', at: 14},
    {name: 'a comma at the end of a list', input: 'a.b in (a,)', at: 10},
    {name: 'a comma at the start of a list', input: 'a.b in (,a)', at: 8},
    {name: 'a modifier for a list operator', input: 'a.b in oneof (a)', at: 13},
    {name: 'a modifier that touches its list', input: 'a.b = oneof(a)', at: 11},
    {name: 'an open quote', input: 'a.b = "x', at: 6},
    {name: 'an unknown escape', input: 'a.b = "x\\q"', at: 8, message: /\\q/},
    {name: 'an open argument', input: 'a.b[x = y', at: 5},
    {name: 'a blank argument', input: 'a.b[ x ] = y', at: 4},
    {name: 'a blank before the parenthesis of a transformer', input: 'b64 (a.b) = x', at: 4},
    {name: 'a transformer without arguments', input: 'b64() = x', at: 4, message: /b64/},
    {name: 'val() on the left', input: 'val(a.b) = x', at: 3},
    {name: 'val() inside a transformer', input: 'b64(val(a.b)) = x', at: 4},
    {name: 'an open parenthesis', input: '(a and b', at: 8, message: /'\)'/},
    {name: 'rubbish at the end', input: 'a)', at: 1},
  ]
  for (const {name, input, at, message} of refused) {
    it(`refuses ${name}`, () => {
      const result = parseCondition(input)
      assert.ok(!result.ok, `${input} parses`)
      assert.equal(result.span.start, at)
      if (message) assert.match(result.message, message)
    })
  }

  it('counts LF and CR as line ends', () => {
    const result = parseCondition('a and\r\nb ?')
    assert.ok(!result.ok)
    assert.deepEqual([result.line, result.column], [3, 3])
  })

  it('gives spans into the text', () => {
    const text = ' not ( proc.name = "x y" )'
    const tree = parse(text)
    assert.equal(text.slice(tree.span.start, tree.span.end), 'not ( proc.name = "x y" )')
    assert.equal(tree.kind, 'not')
    const check = tree.kind === 'not' ? (tree.child as CheckExpr) : undefined
    assert.equal(text.slice(check!.span.start, check!.span.end), 'proc.name = "x y"')
    assert.equal(text.slice(check!.right!.span.start, check!.right!.span.end), '"x y"')
  })

  it('keeps the argument of val() for the checker to refuse', () => {
    const tree = parse('a.b = val(c.d)[x]') as CheckExpr
    assert.equal(tree.right?.kind, 'transformer')
  })

  it('decodes literals to bytes', () => {
    const tree = parse('a.b in ("\\xff", é)') as CheckExpr
    const items = tree.right?.kind === 'list' ? tree.right.items : []
    assert.deepEqual(
      items.map(({bytes}) => Buffer.from(bytes, 'latin1').toString('hex')),
      ['ff', 'c3a9'],
    )
  })

  const depths = [
    {maxDepth: 100, parens: 18},
    {maxDepth: RULE_MAX_DEPTH, parens: 198},
  ]
  for (const {maxDepth, parens} of depths) {
    it(`allows ${parens} parentheses at a limit of ${maxDepth}`, () => {
      const nest = (n: number) => `${'('.repeat(n)}a.b = c${')'.repeat(n)}`
      assert.equal(parseCondition(nest(parens), {maxDepth}).ok, true)
      const deeper = parseCondition(nest(parens + 1), {maxDepth})
      assert.match(deeper.ok ? '' : deeper.message, /nested too deeply/)
    })
  }

  for (const unit of ['(', 'not(', 'not (', 'b64(', 'a.b = b64(', 'join("",(', 'a and(']) {
    it(`survives 100,000 times ${unit}`, () => {
      const result = parseCondition(unit.repeat(100_000), {maxDepth: Number.POSITIVE_INFINITY})
      assert.equal(result.ok, false)
    })
  }

  it('takes long chains and lists in one level', () => {
    assert.equal(parseCondition(`${'a and '.repeat(50_000)}a`).ok, true)
    assert.equal(parseCondition(`a.b in (${'x, '.repeat(50_000)}x)`).ok, true)
  })

  it('never throws', () => {
    const word = fc.constantFrom(
      ...['and', 'or', 'not', '(', ')', ' ', 'a.b', '=', 'in', '"', "'", '\\', '[', ']', ','],
      ...['val(', 'join(', 'oneof ', '<', '0x', '-1e', 'exists', 'macro', '\\x4', '\n', 'é', '\0'],
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(word).map(words => words.join('')),
    )
    fc.assert(
      fc.property(text, input => {
        const result = parseCondition(input)
        if (result.ok) assert.equal(result.end, input.length)
        else assert.ok(result.span.start <= input.length && result.message !== '')
      }),
    )
  })
})

describe('parseOperandAt', () => {
  const cases = [
    {name: 'a field', input: '%proc.name x', at: 1, end: 10},
    {name: 'a field with its argument', input: '%proc.aname[2]x', at: 1, end: 14},
    {name: 'a transformer', input: '%toupper(proc.name)x', at: 1, end: 19},
    {name: 'nothing in a lone name', input: '%proc x', at: 1, end: undefined},
    {name: 'nothing in an open transformer', input: '%toupper(proc.name', at: 1, end: undefined},
  ]
  for (const {name, input, at, end} of cases) {
    it(`takes ${name}`, () => assert.equal(parseOperandAt(input, at)?.end, end))
  }
})
