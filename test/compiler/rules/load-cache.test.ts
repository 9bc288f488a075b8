import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import type {CheckedCondition} from '../../../src/compiler/checked.ts'
import type {OutputTemplate} from '../../../src/compiler/output/template.ts'
import {ruleChecker} from '../../../src/compiler/rule-checker.ts'
import {createLoadCache} from '../../../src/compiler/rules/compile/load-cache.ts'
import {createRecentMap} from '../../../src/compiler/rules/compile/recent-map.ts'
import {loadRuleFiles} from '../../../src/compiler/rules/load.ts'
import {mkRule} from './load-texts.ts'

const LIBRARY = '- list: l\n  items: [a, b]\n- macro: m\n  condition: proc.name in (l)\n'

function load(texts: readonly string[], cache = createLoadCache(ruleChecker)) {
  const files = texts.map((content, i) => ({name: `${i}.yaml`, content}))
  return loadRuleFiles<CheckedCondition, OutputTemplate>(files, {checker: ruleChecker, cache})
}

/** What of a load can be compared. */
function outcome({results, rules, macros}: ReturnType<typeof load>) {
  return {
    results,
    rules: rules.map(({name, condition, conditionText, output}) => [
      name,
      condition,
      conditionText,
      output,
    ]),
    macros: macros.map(({name, text, expr}) => [name, text, expr]),
  }
}

describe('a cache that outlives a load', () => {
  it('gives the same conditions for the same files', () => {
    const cache = createLoadCache(ruleChecker)
    const texts = [LIBRARY, mkRule('evt.type = open and m')]
    const [first, second] = [load(texts, cache), load(texts, cache)]
    assert.equal(first.rules[0]!.condition, second.rules[0]!.condition)
  })

  it('sees a change of a macro or list that a rule uses', () => {
    const cache = createLoadCache(ruleChecker)
    const texts = [LIBRARY, mkRule('evt.type = open and m')]
    load(texts, cache)
    for (const changed of [LIBRARY.replace('[a, b]', '[c]'), LIBRARY.replace('in (l)', '= x')]) {
      const next = [changed, texts[1]!]
      assert.deepEqual(outcome(load(next, cache)), outcome(load(next)))
    }
  })

  it('changes no result, whatever was loaded before', () => {
    const piece = fc.constantFrom(
      LIBRARY,
      '- macro: m\n  condition: or evt.type = open\n  override: {condition: append}\n',
      '- macro: m\n  condition: proc.pname = c\n',
      '- list: l\n  items: [d]\n  override: {items: append}\n',
      mkRule('evt.type = open and m'),
      mkRule('m and n', [], 's'),
      '- macro: n\n  condition: not m\n',
      '- rule: r\n  condition: and proc.nam = x\n  override: {condition: append}\n',
      '- {',
    )
    const sets = fc.array(fc.array(piece, {maxLength: 4}), {maxLength: 5})
    fc.assert(
      fc.property(sets, loads => {
        const cache = createLoadCache(ruleChecker)
        for (const texts of loads) {
          assert.deepEqual(outcome(load(texts, cache)), outcome(load(texts)))
        }
      }),
      {numRuns: 60},
    )
  })

  it('compiles again only from the first file on that changed', () => {
    const cache = createLoadCache(ruleChecker)
    const texts = [
      LIBRARY,
      mkRule('evt.type = open and m'),
      mkRule('evt.type = close and m', [], 's'),
    ]
    const first = load(texts, cache)
    const last = load([...texts.slice(0, 2), mkRule('evt.type = dup and m', [], 's')], cache)
    assert.equal(last.results[1], first.results[1])
    const middle = load([texts[0]!, mkRule('evt.type = dup and m'), texts[2]!], cache)
    assert.notEqual(middle.results[1], first.results[1])
    assert.deepEqual(
      outcome(middle),
      outcome(load([texts[0]!, mkRule('evt.type = dup and m'), texts[2]!])),
    )
  })

  it('outlives a few broken files', () => {
    const cache = createLoadCache(ruleChecker)
    const texts = [LIBRARY, mkRule('evt.type = open and m')]
    const first = load(texts, cache)
    for (const broken of ['- {', '- [', '- {{']) load([LIBRARY, broken], cache)
    assert.equal(load(texts, cache).rules[0]!.condition, first.rules[0]!.condition)
  })

  it('is refused with another checker', () => {
    const cache = createLoadCache({...ruleChecker})
    assert.throws(() => load([LIBRARY], cache), /another checker/)
  })
})

describe('createRecentMap', () => {
  it('forgets what two rounds did not ask for', () => {
    const map = createRecentMap<string, number>()
    let made = 0
    const ask = (key: string): number => map.getOrMake(key, () => ++made)
    assert.deepEqual([ask('a'), ask('b'), ask('a')], [1, 2, 1])
    map.nextRound()
    assert.equal(ask('a'), 1)
    map.nextRound()
    assert.deepEqual([ask('a'), ask('b')], [1, 3])
  })

  it('takes a look for a question', () => {
    const map = createRecentMap<string, number>()
    map.getOrMake('a', () => 1)
    map.nextRound()
    assert.deepEqual([map.has('a'), map.has('b')], [true, false])
    map.nextRound()
    assert.equal(
      map.getOrMake('a', () => 2),
      1,
    )
  })
})
