import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {loadResultsJson} from '../../../src/compiler/rules/report/result-json.ts'
import {loadTexts, mkRule, placeOf} from './load-texts.ts'

const OLD = 'LOAD_DEPRECATED_ITEM'

function withOutput(output: string, more: readonly string[] = []): string {
  return mkRule('evt.type = open', more).replace('output: o', `output: ${JSON.stringify(output)}`)
}

describe('load results', () => {
  const cases: readonly {name: string; input: string; want: readonly string[]}[] = [
    {name: 'nothing for a good rule', input: mkRule('evt.type = open'), want: []},
    {
      name: 'a condition that does not parse',
      input: mkRule('evt.type ='),
      want: ['LOAD_ERR_COMPILE_CONDITION'],
    },
    {
      name: 'an unknown field',
      input: mkRule('evt.type = open and proc.nam = x'),
      want: ['LOAD_ERR_COMPILE_CONDITION'],
    },
    {
      name: 'an unknown field that may be skipped',
      input: mkRule('evt.type = open and proc.nam = x', ['skip-if-unknown-filter: true']),
      want: ['LOAD_UNKNOWN_FILTER'],
    },
    {
      name: 'an unknown event type that may be skipped',
      input: mkRule('evt.type = opem', ['skip-if-unknown-filter: true']),
      want: ['LOAD_UNKNOWN_FILTER'],
    },
    {
      name: 'an unknown output field that may be skipped',
      input: withOutput('%proc.nam', ['skip-if-unknown-filter: true']),
      want: ['LOAD_UNKNOWN_FILTER'],
    },
    {
      name: 'other errors in spite of skip-if-unknown-filter',
      input: mkRule('evt.type = open and fd.num = x', ['skip-if-unknown-filter: true']),
      want: ['LOAD_ERR_COMPILE_CONDITION'],
    },
    {
      name: 'an unknown field in the output',
      input: withOutput('%proc.nam'),
      want: ['LOAD_ERR_COMPILE_OUTPUT'],
    },
    {
      name: 'the output before the condition',
      input: withOutput('%proc.nam').replace('evt.type = open', 'evt.type ='),
      want: ['LOAD_ERR_COMPILE_OUTPUT'],
    },
    {name: '%container.info', input: withOutput('x %container.info'), want: [OLD]},
    {
      name: 'a deprecated field in the output',
      input: withOutput('%evt.latency.ns'),
      want: [OLD, OLD],
    },
    {
      name: 'a deprecated field in the condition',
      input: mkRule('evt.type = open and evt.dir = <'),
      want: [OLD],
    },
    {
      name: 'a condition without event types',
      input: mkRule('proc.name = x'),
      want: ['LOAD_NO_EVTTYPE'],
    },
    {
      name: 'nothing about event types when asked not to',
      input: mkRule('proc.name = x', ['warn_evttypes: false']),
      want: [],
    },
    {name: 'nothing about an empty set of event types', input: mkRule('evt.num = 0'), want: []},
    {
      name: 'a literal that looks like a field',
      input: mkRule('evt.type = open and proc.name = proc.pname'),
      want: ['LOAD_COMPILE_CONDITION'],
    },
  ]
  for (const {name, input, want} of cases) {
    it(`have ${name}`, () => assert.deepEqual(loadTexts([input]).codes, want))
  }

  it('name the deprecated field', () => {
    const {warnings} = loadTexts([withOutput('%evt.latency.ns')])
    assert.deepEqual(
      warnings.map(({deprecatedField}) => deprecatedField),
      ['evt.latency', 'evt.latency.ns'],
    )
  })

  it('drop %container.info from the output', () => {
    assert.equal(loadTexts([withOutput('a %container.info b')]).rules[0]?.output, 'a  b')
  })

  it('leave rules out that were skipped', () => {
    const skipped = mkRule('proc.nam = x', ['skip-if-unknown-filter: true'])
    const {rules, results} = loadTexts([skipped + mkRule('evt.type = open', [], 'b')])
    assert.deepEqual([rules.length, results[0]?.successful], [1, true])
  })

  it('have one error a file, and repeat what is still wrong in the next', () => {
    const {results} = loadTexts([mkRule('x'), '', mkRule('evt.type = open')])
    assert.deepEqual(
      results.map(({errors}) => errors.length),
      [1, 1, 0],
    )
    assert.equal(results[1]?.errors[0]?.locations[0]?.position.name, '1.yaml')
  })

  it('can go on without rules that do not compile', () => {
    const texts = [mkRule('x') + mkRule('y', [], 'b') + mkRule('evt.type = open', [], 'c')]
    const {rules, errors, results} = loadTexts(texts, {skipInvalidRules: true})
    assert.deepEqual([rules.length, errors.length, results[0]?.successful], [1, 2, false])
  })

  it('say where in a condition something is wrong', () => {
    const text = '- rule: r\n  desc: d\n  condition: >\n    evt.type = open\n    and proc.nam = x\n'
    const [error] = loadTexts([`${text}  output: o\n  priority: INFO\n`]).errors
    const {position} = error!.locations.at(-1)!
    assert.equal(placeOf(error!, 'rule condition'), '@2:13')
    assert.deepEqual(position, {name: '"evt.type = open a..."', line: 3, column: 34, offset: 53})
    assert.equal(error!.snippet, `evt.type = open and proc.nam = x\n${' '.repeat(20)}^`)
  })

  it('lead to the macro that holds the mistake', () => {
    const macro = '- macro: m\n  condition: evt.type = open and proc.nam = x\n'
    const [error] = loadTexts([macro, mkRule('not m')]).errors
    const chain = error!.locations.map(({itemType, itemName}) => `${itemType} ${itemName}`.trim())
    assert.deepEqual(chain, [
      'rules content',
      'rules content item',
      'rule r',
      'rules content item',
      'macro m',
      'macro condition',
      'condition expression',
    ])
    assert.match(error!.snippet, /proc\.nam = x/)
  })

  it('cut long lines around the place', () => {
    const input = mkRule(`evt.type in (${'open,'.repeat(100)}open) ? ${'x'.repeat(200)}`)
    const [line = '', caret = ''] = loadTexts([input]).errors[0]!.snippet.split('\n')
    assert.match(line, /^\.\.\.pen,.*xx\.\.\.$/)
    assert.equal(line[caret.indexOf('^')], '?')
    assert.ok(line.length <= 166)
  })

  it('come as one line of JSON with sorted keys', () => {
    const text = loadResultsJson(loadTexts([withOutput('%evt.latency', ['oups: x'])]).results)
    const parsed = JSON.parse(text)
    assert.deepEqual(parsed.falco_load_results[0].successful, true)
    assert.equal(parsed.falco_load_results[0].warnings.at(-1).deprecated_field, 'evt.latency')
    assert.equal(parsed.falco_load_results[0].schema_valid, false)
    assert.equal(parsed.falco_load_results[0].schema_warnings.length, 1)
    assert.ok(!text.includes('\n'))
    JSON.parse(text, (_key, value: unknown) => {
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
        assert.deepEqual(Object.keys(value), Object.keys(value).sort())
      }
      return value
    })
  })
})

describe('additions to the output', () => {
  const input = withOutput('a', ['tags: [x, y]'])

  it('apply where source, rule and tags fit, in order', () => {
    const {rules} = loadTexts([input], {
      appendOutput: [
        {extraOutput: 'b %proc.name'},
        {match: {rule: 'other'}, extraOutput: 'no'},
        {match: {source: 'syscall', rule: 'r', tags: ['x', 'y']}, extraOutput: 'c'},
        {match: {tags: ['x', 'z']}, extraOutput: 'no'},
        {suggestedOutput: true},
        {extraFields: [{name: 'k', template: '%fd.name', formatted: true}]},
      ],
    })
    assert.match(rules[0]!.output, /^a b %proc\.name c( \w+=%[\w.]+)*$/)
    assert.match(rules[0]!.output, / container_id=%container\.id/)
    assert.deepEqual(
      rules[0]!.extraFields.map(({name, formatted}) => [name, formatted]),
      [['k', true]],
    )
  })

  it('are checked like the output', () => {
    const additions = [
      {extraOutput: '%proc.nam'},
      {extraFields: [{name: 'k', template: '%proc.nam', formatted: false}]},
    ]
    for (const addition of additions) {
      const {codes} = loadTexts([input], {appendOutput: [addition]})
      assert.deepEqual(codes, ['LOAD_ERR_COMPILE_OUTPUT'])
    }
  })
})
