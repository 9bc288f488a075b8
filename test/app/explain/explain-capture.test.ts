import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {explainEvents} from '../../../src/app/explain/explain-capture.ts'
import {eventJudge, type JudgedEvent} from '../../../src/app/explain/judge-event.ts'
import {chooseRules} from '../../../src/app/explain/select-rules.ts'
import type {TracedNode} from '../../../src/app/explain/trace-tree.ts'
import {compileRuleSet} from '../../../src/app/rules/rule-set.ts'
import type {CheckedCondition} from '../../../src/compiler/checked.ts'
import {
  fieldEventBinder,
  fieldEventCode,
  parseFieldEvent,
} from '../../../src/compiler/field-events.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {mkCondition} from '../../compiler/filter/arbitrary-filters.ts'
import {openBlock, processBlock, sectionBlock} from '../../support/scap-file.ts'

const RULES = `
- macro: in_etc
  condition: fd.name startswith /etc
- rule: Opened
  desc: d
  condition: evt.type = open and in_etc and not proc.name in (a, b)
  output: o
  priority: WARNING
- rule: Connected
  desc: d
  condition: evt.type = connect
  output: o
  priority: WARNING
- rule: Idle one
  desc: d
  condition: evt.type = open
  output: o
  priority: WARNING
  enabled: false
`

function setOf(content: string) {
  return compileRuleSet([{name: 'r', content}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
}

describe('explainEvents', () => {
  let dir: string
  let capture: string
  const set = setOf(RULES)
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'detector-explain-'))
    capture = join(dir, 'a.scap')
    const blocks = [
      sectionBlock(),
      processBlock({tid: 7}),
      openBlock(7, 3, '/etc/x'),
      openBlock(7, 4, '/tmp/y'),
    ]
    writeFileSync(capture, Buffer.concat(blocks))
    writeFileSync(join(dir, 'cut.scap'), Buffer.concat(blocks).subarray(0, -6))
    const lines = [
      '{"evt.type":"open","fd.name":"/etc/x","proc.name":"c"}',
      '{"evt.type":"open","fd.name":"/etc/x","proc.name":"b","evt.num":90}',
      '{"evt.type":"connect"}',
      '{"no.field":1}',
    ]
    writeFileSync(join(dir, 'events.jsonl'), lines.join('\n'))
  })
  after(() => rmSync(dir, {recursive: true}))

  async function explain(
    path: string,
    settings: {filter?: CheckedCondition; number?: number; maxEvents?: number} = {},
  ) {
    const events: JudgedEvent[] = []
    const result = await explainEvents({
      path,
      rules: set.rules,
      macros: set.loaded.macros,
      hostname: 'h',
      maxEvents: 10,
      ...settings,
      onEvent: event => events.push(event),
    })
    return {result, events}
  }

  const verdicts = (events: readonly JudgedEvent[]) =>
    events.map(({number, rules, otherTypes}) => [
      number,
      Object.fromEntries(rules.map(({rule, matches}) => [rule.name, matches])),
      otherTypes.map(({name}) => name),
    ])

  it('judges the events of a capture', async () => {
    const {result, events} = await explain(capture)
    assert.deepEqual(verdicts(events), [
      [1, {Opened: true}, ['Connected']],
      [2, {Opened: false}, ['Connected']],
    ])
    assert.deepEqual([result.explained, result.more, result.fieldEvents], [2, 0, false])
    assert.deepEqual(
      events[1]!.about.map(({text, value}) => [text, value]).filter(([text]) => text === 'fd.name'),
      [['fd.name', '/tmp/y']],
    )
  })

  const choices: readonly {
    name: string
    settings: Parameters<typeof explain>[1]
    numbers: readonly number[]
    more?: number
  }[] = [
    {name: 'by number', settings: {number: 2}, numbers: [2]},
    {name: 'by a filter', settings: {filter: mkCondition('fd.name = /etc/x')}, numbers: [1]},
    {name: 'no more than wanted', settings: {maxEvents: 1}, numbers: [1], more: 1},
  ]
  for (const {name, settings, numbers, more = 0} of choices) {
    it(`chooses ${name}`, async () => {
      const {result, events} = await explain(capture, settings)
      assert.deepEqual(
        events.map(({number}) => number),
        numbers,
      )
      assert.equal(result.more, more)
    })
  }

  it('explains field events up to a wrong line', async () => {
    const {result, events} = await explain(join(dir, 'events.jsonl'))
    assert.deepEqual(verdicts(events), [
      [1, {Opened: true}, ['Connected']],
      [90, {Opened: false}, ['Connected']],
      [91, {Connected: true}, ['Opened']],
    ])
    assert.deepEqual(
      events.map(({line}) => line),
      [1, 2, 3],
    )
    assert.equal(result.fieldEvents, true)
    assert.equal(result.capture.damage?.line, 4)
    assert.match(result.capture.damage?.reason ?? '', /no\.field/)
  })

  it('tells of a damaged capture', async () => {
    const {result, events} = await explain(join(dir, 'cut.scap'))
    assert.equal(events.length, 1)
    assert.ok(result.capture.damage !== undefined)
  })

  it('says which parts decide, and names macros', async () => {
    const {events} = await explain(join(dir, 'events.jsonl'), {number: 90})
    const shape = ({kind, holds, decides, macro, test, children}: TracedNode): unknown => [
      macro ?? test ?? kind,
      `${holds}${decides ? ' decides' : ''}`,
      ...(children ?? []).map(shape),
    ]
    assert.deepEqual(shape(events[0]!.rules[0]!.tree), [
      'and',
      'false decides',
      ['evt.type = open', 'true'],
      ['in_etc', 'true'],
      ['not', 'false decides', ['proc.name in (a, b)', 'true decides']],
    ])
  })
})

describe('eventJudge', () => {
  it('does not cover up that interpreter and matcher differ', () => {
    const {rules, loaded} = setOf(RULES)
    const [rule] = rules
    let answer = '/etc/x'
    // A field that changes between two looks stands for whatever may make the two differ.
    const binder: typeof fieldEventBinder = {
      bind: field => {
        const extract = fieldEventBinder.bind(field)
        return event => {
          if (field.text !== 'fd.name') return extract(event)
          const now = answer
          answer = '/tmp/x'
          return now
        }
      },
    }
    const judge = eventJudge([rule!], loaded.macros, binder)
    const parsed = parseFieldEvent('{"evt.type":"open","fd.name":"/etc/x","proc.name":"c"}')
    assert.ok(parsed.ok)
    const {event} = parsed
    const at = {event, code: fieldEventCode(event), type: 'open', number: 1}
    assert.throws(
      () => judge(at),
      error => error instanceof CodedError && error.code === 'INTERNAL',
    )
  })

  it('keeps no more parts of a condition than there is room for', () => {
    const parts = Array.from({length: 200}, (_, i) => `fd.num = ${i}`).join(' or ')
    const many = Array.from({length: 200}, (_, i) => `- macro: m${i}\n  condition: ${parts}\n`)
    const uses = many.map((_, i) => `m${i}`).join(' or ')
    const rule = `- rule: R\n  desc: d\n  condition: evt.type = open and (${uses})\n  output: o\n  priority: INFO\n`
    const {rules, loaded} = setOf(`${many.join('')}${rule}`)
    const judge = eventJudge(rules, loaded.macros, fieldEventBinder)
    const parsed = parseFieldEvent('{"evt.type":"open","fd.num":500}')
    assert.ok(parsed.ok)
    const {event} = parsed
    const judged = judge({event, code: fieldEventCode(event), type: 'open', number: 1})
    let [nodes, omitted] = [0, 0]
    const visit = (node: TracedNode): void => {
      nodes++
      omitted += node.omitted ?? 0
      for (const child of node.children ?? []) visit(child)
    }
    visit(judged.rules[0]!.tree)
    assert.ok(nodes <= 20_400 && omitted > 0, `${nodes} parts, ${omitted} left out`)
  })
})

describe('chooseRules', () => {
  const set = setOf(RULES)
  const cases: readonly {names: readonly string[]; chosen: readonly string[]; loaded?: number}[] = [
    {names: [], chosen: ['Opened', 'Connected']},
    {names: ['Connected'], chosen: ['Connected']},
    {names: ['*ed'], chosen: ['Opened', 'Connected']},
    {names: ['*'], chosen: ['Opened', 'Connected']},
    {names: ['Connected', 'Opened'], chosen: ['Opened', 'Connected']},
    {names: ['Idle one'], chosen: ['Idle one'], loaded: 3},
    {names: ['Idle*'], chosen: ['Idle one'], loaded: 3},
  ]
  for (const {names, chosen, loaded = 2} of cases) {
    it(`finds ${JSON.stringify(names)}`, () => {
      const found = chooseRules(set, names)
      assert.deepEqual(
        found.chosen.map(({name}) => name),
        chosen,
      )
      assert.deepEqual([found.loaded.length, found.named], [loaded, names.length > 0])
    })
  }

  it('suggests a name that is near', () => {
    assert.throws(
      () => chooseRules(set, ['Conected']),
      error => error instanceof CodedError && /"Connected"/.test(error.hint ?? ''),
    )
  })
})
