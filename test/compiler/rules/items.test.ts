import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {loadTexts, mkRule} from './load-texts.ts'

const STRUCTURE = 'LOAD_ERR_YAML_VALIDATE'
const ITEM = 'LOAD_ERR_VALIDATE'

describe('items of rule files', () => {
  const rule = mkRule('evt.type = open')
  const cases: readonly {
    name: string
    input: string
    want: readonly string[]
    message?: RegExp
  }[] = [
    {name: 'an empty file is fine', input: '', want: []},
    {name: 'null documents are fine', input: '---\n~\n---\n', want: []},
    {name: 'null elements are skipped', input: `-\n- ~\n${rule}`, want: []},
    {name: 'a scalar document is refused', input: 'rules', want: [STRUCTURE]},
    {name: 'a mapping document is refused', input: 'rule: r', want: [STRUCTURE]},
    {name: 'a scalar element is refused', input: '- rule', want: [STRUCTURE]},
    {
      name: 'broken YAML is refused',
      input: 'this : is : not : yaml',
      want: ['LOAD_ERR_YAML_PARSE'],
    },
    {name: 'an alias needs its anchor', input: '- *a', want: ['LOAD_ERR_YAML_PARSE']},
    {
      name: 'unknown items are ignored',
      input: '- rulle: r\n  x: y\n',
      want: ['LOAD_UNKNOWN_ITEM'],
      message: /'rulle'.*'rule'/,
    },
    {
      name: 'each unknown key warns',
      input: mkRule('evt.type = open', ['prioritty: x', 'items: []']),
      want: ['LOAD_UNKNOWN_KEY', 'LOAD_UNKNOWN_KEY'],
      message: /'prioritty'.*'priority'/,
    },
    {
      name: 'of a repeated key the first counts',
      input: mkRule('evt.type = open', ['enabled: yes', 'enabled: nonsense']),
      want: [],
    },
    {name: 'a missing key', input: '- list: l\n', want: [STRUCTURE], message: /'items' is missing/},
    {
      name: 'a null key',
      input: '- macro: m\n  condition:\n',
      want: [STRUCTURE],
      message: /'condition': has no value/,
    },
    {
      name: 'a key that is no scalar',
      input: '- macro: m\n  condition: []\n',
      want: [STRUCTURE],
      message: /'condition': must be a scalar/,
    },
    {
      name: 'an empty key',
      input: '- macro: m\n  condition: ""\n',
      want: [STRUCTURE],
      message: /'condition': must not be empty/,
    },
    {name: 'an item without a name', input: '- rule:\n  desc: d\n', want: [STRUCTURE]},
    {
      name: 'a list with a null item',
      input: '- list: l\n  items: [a, ~]\n',
      want: [STRUCTURE],
      message: /'items'/,
    },
    {
      name: 'a list that is a scalar',
      input: '- list: l\n  items: a\n',
      want: [STRUCTURE],
      message: /'items': must be a sequence/,
    },
    {
      name: 'an unknown priority',
      input: rule.replace('INFO', 'WARNIN'),
      want: [STRUCTURE],
      message: /'WARNIN'.*'Warning'/,
    },
    {name: 'priorities in any case', input: rule.replace('INFO', 'iNfO'), want: []},
    {
      name: 'a rule with only a part of the four',
      input: '- rule: r\n  desc: d\n',
      want: [STRUCTURE],
    },
    {
      name: 'a boolean that is none',
      input: mkRule('evt.type = open', ['capture: maybe']),
      want: [STRUCTURE],
      message: /'capture': 'maybe'/,
    },
    {
      name: 'a duration with a sign',
      input: mkRule('evt.type = open', ['capture_duration: -1']),
      want: [STRUCTURE],
      message: /'capture_duration'/,
    },
    {
      name: 'a null source on a full rule',
      input: mkRule('evt.type = open', ['source:']),
      want: [STRUCTURE],
    },
    {
      name: 'a source that is not loaded',
      input: mkRule('x.y = z', ['source: k8s_audit']),
      want: ['LOAD_UNKNOWN_SOURCE'],
      message: /'k8s_audit'/,
    },
    {
      name: 'a macro name that cannot be used',
      input: '- macro: a-b\n  condition: evt.type = open\n',
      want: ['LOAD_INVALID_MACRO_NAME', 'LOAD_UNUSED_MACRO'],
    },
    {
      name: 'a list name with a blank works',
      input: `- list: a b\n  items: [open]\n${mkRule('evt.type in (a b)')}`,
      want: ['LOAD_INVALID_LIST_NAME'],
    },
    {
      name: 'enabled alone is deprecated',
      input: `${rule}- rule: r\n  enabled: false\n`,
      want: ['LOAD_DEPRECATED_ITEM'],
    },
    {
      name: 'enabled alone needs its rule',
      input: '- rule: r\n  enabled: false\n',
      want: [ITEM, 'LOAD_DEPRECATED_ITEM'],
    },
    {name: 'a rule with its name alone', input: `${rule}- rule: r\n`, want: [STRUCTURE]},
    {name: 'engine 26', input: '- required_engine_version: 26', want: []},
    {name: 'engine 0x10', input: '- required_engine_version: 0x10', want: []},
    {name: 'engine 0.63.0', input: '- required_engine_version: 0.63.0', want: []},
    {name: 'engine 0.26.0-rc1', input: '- required_engine_version: 0.26.0-rc1', want: []},
    {name: 'engine 64 is too new', input: '- required_engine_version: 64', want: [ITEM]},
    {name: 'engine 1.0.0 is too new', input: '- required_engine_version: 1.0.0', want: [ITEM]},
    {name: 'engine 0.26', input: '- required_engine_version: 0.26', want: [STRUCTURE]},
    {
      name: 'engine seven',
      input: '- required_engine_version: seven',
      want: [STRUCTURE],
      message: /'seven'/,
    },
  ]
  for (const {name, input, want, message} of cases) {
    it(name, () => {
      const {codes, errors, warnings} = loadTexts([input])
      assert.deepEqual(codes, want)
      if (message) assert.match([...errors, ...warnings][0]!.message, message)
    })
  }

  it('takes scalars as text', () => {
    const {lists} = loadTexts(['- list: l\n  items: [=, 1, true, ~x, 0x10, "~", "", 1.0]\n'])
    assert.deepEqual(lists[0]?.items, ['=', '1', 'true', '~x', '0x10', '~', '', '1.0'])
  })

  it('collects all keys of a rule', () => {
    const keys = [
      'enabled: no',
      'tags: [b, a, b]',
      'warn_evttypes: off',
      'skip-if-unknown-filter: "True"',
      'capture: Y',
      'capture_duration: 010',
    ]
    const [rule] = loadTexts([mkRule('evt.type = open', keys)]).rules
    assert.deepEqual(
      {...rule, template: 0, condition: 0, expr: 0, eventCodes: 0},
      {
        name: 'r',
        desc: 'd',
        priority: 'Informational',
        source: 'syscall',
        tags: ['a', 'b'],
        enabled: false,
        output: 'o',
        extraFields: [],
        conditionText: 'evt.type = open',
        warnEventTypes: false,
        skipIfUnknownFilter: true,
        capture: true,
        captureDurationMs: 8,
        file: '1.yaml',
        position: {line: 0, column: 2, offset: 2},
        template: 0,
        condition: 0,
        expr: 0,
        eventCodes: 0,
      },
    )
  })

  it('reads several documents like one', () => {
    const {rules, codes} = loadTexts([
      `- macro: m\n  condition: evt.type = open\n---\n${mkRule('m')}`,
    ])
    assert.deepEqual([rules.length, codes], [1, []])
  })

  it('keeps what came before an error', () => {
    const texts = ['- macro: m\n  condition: evt.type = open\n- list: l\n', mkRule('m')]
    const {results, conditions} = loadTexts(texts)
    assert.deepEqual(
      results.map(({successful}) => successful),
      [false, true],
    )
    assert.equal(conditions.get('r'), 'evt.type = open')
  })

  it('remembers the greatest engine version', () => {
    const versions = ['3', '0.57.0', '12'].map(version => `- required_engine_version: ${version}\n`)
    assert.deepEqual(loadTexts([versions.join('')]).requiredEngineVersion, [0, 57, 0])
  })
})
