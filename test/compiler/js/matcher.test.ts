import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {checkFilter} from '../../../src/compiler/check.ts'
import type {CheckedCondition} from '../../../src/compiler/checked.ts'
import type {Expr} from '../../../src/compiler/condition/ast.ts'
import {parseCondition} from '../../../src/compiler/condition/parser.ts'
import {ALL_EVENT_CODES} from '../../../src/compiler/event-types.ts'
import {
  type FieldEvent,
  fieldEventBinder,
  parseFieldEvent,
} from '../../../src/compiler/field-events.ts'
import type {FieldBinder} from '../../../src/compiler/field-ref.ts'
import {evaluate} from '../../../src/compiler/interpret.ts'
import {compileRuleMatcher, type MatchableRule} from '../../../src/compiler/js/matcher.ts'
import {arbitraryEventLine, arbitraryExpr} from '../arbitrary-conditions.ts'

function mkEvent(line: string): FieldEvent {
  const parsed = parseFieldEvent(line)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  return parsed.event
}

function mkChecked(expr: Expr): CheckedCondition {
  const verdict = checkFilter(expr)
  assert.ok(verdict.ok, verdict.ok ? '' : verdict.problem.message)
  return verdict.condition
}

function mkCondition(filter: string): CheckedCondition {
  const parsed = parseCondition(filter, {maxDepth: 1000})
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  return mkChecked(parsed.expr)
}

function mkRule(filter: string, eventCodes: ReadonlySet<number> = ALL_EVENT_CODES): MatchableRule {
  return {condition: mkCondition(filter), eventCodes}
}

function allMatches(rules: readonly MatchableRule[], event: FieldEvent, code: number): number[] {
  const out: number[] = []
  compileRuleMatcher(rules, fieldEventBinder).matchAll(event, code, out)
  return out
}

describe('rule matcher', () => {
  it('gives the answers of the interpreter, for every rule and event', () => {
    const codes = fc.constantFrom(ALL_EVENT_CODES, new Set([3]), new Set([3, 5]), new Set([5]))
    const rule = fc.tuple(arbitraryExpr, codes)
    fc.assert(
      fc.property(
        fc.array(rule, {minLength: 1, maxLength: 24}),
        fc.array(arbitraryEventLine, {minLength: 1, maxLength: 8}),
        (specs, lines) => {
          const rules = specs.map(([expr, eventCodes]) => ({
            condition: mkChecked(expr),
            eventCodes,
          }))
          const matcher = compileRuleMatcher(rules, fieldEventBinder, {eventsPerEpoch: 3})
          for (const line of lines) {
            const event = mkEvent(line)
            for (const code of [3, 5]) {
              const want = rules.flatMap(({condition, eventCodes}, i) =>
                eventCodes.has(code) && evaluate(condition, event, fieldEventBinder) ? [i] : [],
              )
              const got: number[] = []
              matcher.matchAll(event, code, got)
              assert.deepEqual(got, want)
              assert.equal(matcher.matchFirst(event, code), want[0] ?? -1)
            }
          }
        },
      ),
      {numRuns: 400},
    )
  })

  it('extracts each field at most once an event', () => {
    const asked = new Map<string, number>()
    const binder: FieldBinder<FieldEvent> = {
      bind: field => {
        const extract = fieldEventBinder.bind(field)
        return event => {
          asked.set(field.text, (asked.get(field.text) ?? 0) + 1)
          return extract(event)
        }
      },
    }
    const rules = [
      mkRule('fd.name = /a or proc.name = x'),
      mkRule('toupper(fd.name) = /B and basename(fd.name) = b'),
      mkRule('fd.name startswith /c and concat(fd.name, proc.name) contains c'),
      ...['d', 'e', 'f', 'g', 'h'].map(name => mkRule(`fd.name = /${name}`)),
    ]
    const matcher = compileRuleMatcher(rules, binder)
    const out: number[] = []
    matcher.matchAll(mkEvent('{"fd.name":"/g","proc.name":"y"}'), 3, out)
    assert.deepEqual(out, [6])
    assert.deepEqual([...asked].sort(), [
      ['fd.name', 1],
      ['proc.name', 1],
    ])
  })

  it('keeps nothing from one event to the next, also when the count of events starts again', () => {
    const matcher = compileRuleMatcher([mkRule('fd.name = /a')], fieldEventBinder, {
      eventsPerEpoch: 2,
    })
    const seen = ['/a', '/b', '/a', '/a', '/b', '/b', '/a'].map(name =>
      matcher.matchFirst(mkEvent(JSON.stringify({'fd.name': name})), 3),
    )
    assert.deepEqual(seen, [0, -1, 0, 0, -1, -1, 0])
  })

  it('asks a rule on its own event codes only', () => {
    const rules = [mkRule('evt.num exists', new Set([5])), mkRule('evt.num exists')]
    const event = mkEvent('{"evt.num":1}')
    assert.deepEqual(allMatches(rules, event, 5), [0, 1])
    assert.deepEqual(allMatches(rules, event, 7), [1])
    assert.deepEqual(allMatches(rules, event, 99999), [])
  })

  it('finds rules through values, prefixes and suffixes, in order', () => {
    const rules = [
      ...Array.from({length: 40}, (_, i) => mkRule(`fd.name = /exact/${i}`)),
      ...Array.from({length: 40}, (_, i) => mkRule(`fd.name startswith /exact/${i}`)),
      ...Array.from({length: 40}, (_, i) => mkRule(`fd.name endswith "${i}"`)),
      ...Array.from({length: 40}, (_, i) => mkRule(`fd.name glob "/exact/${i}*"`)),
      mkRule('fd.name in (/exact/12, /exact/13) or fd.name startswith /exact/1'),
      mkRule('not fd.name = /x'),
    ]
    const event = mkEvent('{"fd.name":"/exact/12"}')
    const want = rules.flatMap(({condition}, i) =>
      evaluate(condition, event, fieldEventBinder) ? [i] : [],
    )
    assert.deepEqual(allMatches(rules, event, 3), want)
    assert.ok(want.length > 8)
  })

  it('takes conditions of any breadth and depth', () => {
    const names = Array.from({length: 5000}, (_, i) => `fd.name contains "x${i}y"`)
    const deep = `${'not ('.repeat(150)}fd.name = /q${')'.repeat(150)}`
    const rules = [mkRule(names.join(' or ')), mkRule(deep)]
    assert.deepEqual(allMatches(rules, mkEvent('{"fd.name":"..x4999y"}'), 3), [0])
    assert.deepEqual(allMatches(rules, mkEvent('{"fd.name":"/q"}'), 3), [1])
  })

  it('treats what rules say as data, wherever it stands', () => {
    const hostile = [
      "'); globalThis.broken = 1; ('",
      '"; globalThis.broken = 1; "',
      '`+(globalThis.broken = 1)+`',
      '\\u0022;globalThis.broken=1//',
      '*/globalThis.broken=1/*',
      '\n;globalThis.broken=1',
      '__proto__',
      'p0.e.constructor',
      '</script>',
    ]
    for (const text of hostile) {
      const hex = [...Buffer.from(text)]
        .map(byte => `\\x${byte.toString(16).padStart(2, '0')}`)
        .join('')
      const q = `"${hex}"`
      const rules = [
        `fd.name = ${q}`,
        `fd.name in (${q}, ${q})`,
        `fd.name startswith ${q}`,
        `fd.name endswith anyof (${q})`,
        `fd.name contains ${q}`,
        `fd.name icontains ${q}`,
        `fd.name pmatch (${q})`,
        `proc.env[${q}] = ${q}`,
        `container.label[${q}] exists`,
        `concat(${q}, fd.name) = ${q}`,
        `join(${q}, (${q}, fd.name)) contains ${q}`,
        `getopt((${q}), ${q}) intersects (${q})`,
        `evt.buffer bcontains ${Buffer.from(text).toString('hex')}`,
      ].map(filter => mkRule(filter))
      const event = mkEvent(JSON.stringify({'fd.name': text}))
      const want = rules.flatMap(({condition}, i) =>
        evaluate(condition, event, fieldEventBinder) ? [i] : [],
      )
      assert.deepEqual(allMatches(rules, event, 3), want)
      assert.ok(want.includes(0))
    }
    assert.equal('broken' in globalThis, false)
  })
})
