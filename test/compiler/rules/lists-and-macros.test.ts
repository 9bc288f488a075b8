import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {loadTexts, mkRule, placeOf} from './load-texts.ts'

function mkList(name: string, items: string): string {
  return `- list: ${name}\n  items: [${items}]\n`
}

function mkMacro(name: string, condition: string): string {
  return `- macro: ${name}\n  condition: ${condition}\n`
}

function conditionOf(condition: string, definitions: string): string | undefined {
  const {conditions, errors} = loadTexts([
    mkRule(JSON.stringify(condition), ['warn_evttypes: false']) + definitions,
  ])
  assert.deepEqual(errors, [])
  return conditions.get('r')
}

describe('lists in conditions', () => {
  const cases: readonly {name: string; input: string; lists: string; want: string}[] = [
    {
      name: 'stand among other members',
      input: 'proc.name in (a, l, b)',
      lists: mkList('l', 'x, y z'),
      want: 'proc.name in (a, x, "y z", b)',
    },
    {
      name: 'may have no blanks around them',
      input: 'proc.name in (a,l,b)',
      lists: mkList('l', 'x'),
      want: 'proc.name in (a, x, b)',
    },
    {
      name: 'with one item stand for a text',
      input: 'proc.name=l',
      lists: mkList('l', 'x'),
      want: 'proc.name = x',
    },
    {
      name: 'need no parentheses with one item',
      input: 'proc.name in l and proc.name in l',
      lists: mkList('l', 'x'),
      want: '(proc.name in (x) and proc.name in (x))',
    },
    {
      name: 'take the comma before them along when empty',
      input: 'proc.name in (a, l, b)',
      lists: mkList('l', ''),
      want: 'proc.name in (a, b)',
    },
    {
      name: 'take the comma behind them along when empty and first',
      input: 'proc.name in (l , a)',
      lists: mkList('l', ''),
      want: 'proc.name in (a)',
    },
    {
      name: 'vanish when empty and repeated',
      input: 'proc.name in (l,l, l)',
      lists: mkList('l', ''),
      want: 'proc.name in ()',
    },
    {
      name: 'are not found inside words',
      input: 'proc.name in (l2, my-l, l)',
      lists: mkList('l', 'x'),
      want: 'proc.name in (l2, my-l, x)',
    },
    {
      name: 'are found inside quotes',
      input: "proc.cmdline = 'a l b'",
      lists: mkList('l', 'x'),
      want: 'proc.cmdline = "a x b"',
    },
    {
      name: 'bring later lists in by their items',
      input: 'proc.name in (k)',
      lists: mkList('k', 'l') + mkList('l', 'x'),
      want: 'proc.name in (x)',
    },
    {
      name: 'do not bring earlier lists in',
      input: 'proc.name in (k)',
      lists: mkList('l', 'x') + mkList('k', 'a, l') + mkList('l', 'y'),
      want: 'proc.name in (a, y)',
    },
    {
      name: 'do not bring themselves in',
      input: 'proc.name in (l)',
      lists: mkList('l', 'l, a'),
      want: 'proc.name in (l, a)',
    },
    {
      name: 'may have names with blanks',
      input: 'proc.name in (a b)',
      lists: mkList('a b', 'x'),
      want: 'proc.name in (x)',
    },
  ]
  for (const {name, input, lists, want} of cases) {
    it(name, () => assert.equal(conditionOf(input, lists), want))
  }

  it('refer to lists one level deep', () => {
    const texts = mkList('a', 'x') + mkList('b', 'a, y') + mkList('c', 'b, z')
    const {lists} = loadTexts([texts])
    assert.deepEqual(
      lists.map(({items}) => items),
      [['x'], ['x', 'y'], ['a', 'y', 'z']],
    )
  })

  it('see what was defined before their latest change', () => {
    const append = '- list: a\n  items: [b]\n  override: {items: append}\n'
    const {lists} = loadTexts([mkList('a', 'b') + mkList('b', 'x') + append])
    assert.deepEqual(lists[0]?.items, ['x', 'x'])
  })
})

describe('macros in conditions', () => {
  const macro = mkMacro('m', 'evt.type = open or evt.type = close')

  it('need no parentheses and no order for rules', () => {
    assert.equal(
      conditionOf('m and proc.name = x', macro),
      '((evt.type = open or evt.type = close) and proc.name = x)',
    )
  })

  it('see later macros after an append', () => {
    const definitions =
      mkMacro('a', 'evt.type = open') +
      mkMacro('b', 'proc.name = x') +
      '- macro: a\n  condition: and b\n  override: {condition: append}\n'
    assert.equal(conditionOf('a', definitions), '(evt.type = open and proc.name = x)')
  })

  it('are the same object in every rule', () => {
    const {rules} = loadTexts([macro + mkRule('m', [], 'a') + mkRule('m', [], 'b')])
    assert.equal(rules[0]!.expr, rules[1]!.expr)
  })

  it('keep their trees from file to file', () => {
    const first = loadTexts([macro + mkRule('m and proc.name = x')])
    const both = loadTexts([macro + mkRule('m and proc.name = x'), mkRule('m', [], 'b')])
    assert.deepEqual(both.conditions.get('r'), first.conditions.get('r'))
    assert.equal(both.rules.length, 2)
  })

  it('change in rules of earlier files', () => {
    const {conditions} = loadTexts([macro + mkRule('m'), mkMacro('m', 'evt.type = dup')])
    assert.equal(conditions.get('r'), 'evt.type = dup')
  })

  const refused: readonly {name: string; input: string; message: RegExp; place: string}[] = [
    {
      name: 'an unknown macro',
      input: macro + mkRule('evt.type = open and mm'),
      message: /'mm'.*'m'/,
      place: 'rule',
    },
    {
      name: 'a list as macro',
      input: `${mkList('l', 'x')}${mkRule('not l')}`,
      message: /'x'/,
      place: 'rule',
    },
    {
      name: 'a macro that is defined later',
      input: mkMacro('a', 'b') + mkMacro('b', 'evt.type = open'),
      message: /'b'/,
      place: 'macro',
    },
    {name: 'a macro that uses itself', input: mkMacro('a', 'a'), message: /'a'/, place: 'macro'},
    {
      name: 'a ring of macros',
      input: mkMacro('a', 'evt.type = open') + mkMacro('b', 'a') + mkMacro('a', 'not b'),
      message: /'a' uses itself/,
      place: 'macro',
    },
  ]
  for (const {name, input, message, place} of refused) {
    it(`refuse ${name}`, () => {
      const [error] = loadTexts([input]).errors
      assert.equal(error?.code, 'LOAD_ERR_VALIDATE')
      assert.match(error.message, message)
      assert.ok(placeOf(error, place))
    })
  }

  it('must parse even when unused', () => {
    const [error] = loadTexts([mkMacro('a', 'evt.type =')]).errors
    assert.equal(error?.code, 'LOAD_ERR_COMPILE_CONDITION')
    assert.match(placeOf(error, 'macro condition') ?? '', /^@1:13$/)
  })

  it('are not checked for fields when unused', () => {
    assert.deepEqual(loadTexts([mkMacro('a', 'no.field = x')]).codes, ['LOAD_UNUSED_MACRO'])
  })

  it('and lists are reported when unused', () => {
    const {codes, warnings} = loadTexts([
      macro + mkList('l', 'x') + mkList('k', 'l') + mkMacro('n', 'm'),
    ])
    assert.deepEqual(codes, ['LOAD_UNUSED_MACRO', 'LOAD_UNUSED_LIST'])
    assert.match(warnings[0]!.message, /'n'/)
    assert.match(warnings[1]!.message, /'k'/)
  })

  it('are reported as unused only when all compiled', () => {
    assert.deepEqual(loadTexts([macro + mkRule('x')]).codes, ['LOAD_ERR_VALIDATE'])
  })
})
