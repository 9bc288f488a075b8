import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {loadTexts, mkRule, placeOf} from './load-texts.ts'

const STRUCTURE = 'LOAD_ERR_YAML_VALIDATE'
const ITEM = 'LOAD_ERR_VALIDATE'
const OLD = 'LOAD_DEPRECATED_ITEM'

function mkChange(keys: readonly string[], name = 'r'): string {
  return `- rule: ${name}\n${keys.map(key => `  ${key}\n`).join('')}`
}

describe('append, override, redefine', () => {
  const rule = mkRule('evt.type = open', ['tags: [b]', 'enabled: false'])

  const conditions: readonly {name: string; input: string; want: string; codes?: string[]}[] = [
    {
      name: 'append joins texts before parsing',
      input:
        mkRule('evt.type = open or evt.type = close') +
        mkChange(['condition: and proc.name = x', 'append: true']),
      want: '(evt.type = open or (evt.type = close and proc.name = x))',
      codes: [OLD],
    },
    {
      name: 'override appends',
      input: rule + mkChange(['condition: or evt.type = close', 'override: {condition: append}']),
      want: '(evt.type = open or evt.type = close)',
    },
    {
      name: 'override replaces',
      input: rule + mkChange(['condition: evt.type = close', 'override: {condition: replace}']),
      want: 'evt.type = close',
    },
    {
      name: 'a full rule takes the place of the old one',
      input: rule + mkRule('evt.type = close'),
      want: 'evt.type = close',
    },
    {
      name: 'append: false is a full rule',
      input: rule + mkRule('evt.type = close', ['append: false']),
      want: 'evt.type = close',
    },
    {
      name: 'an empty override has no effect',
      input: rule + mkRule('evt.type = close', ['override: {}']),
      want: 'evt.type = close',
    },
    {
      name: 'macros append',
      input:
        '- macro: m\n  condition: evt.type = open\n' +
        '- macro: m\n  condition: or evt.type = close\n  override: {condition: append}\n' +
        mkRule('m'),
      want: '(evt.type = open or evt.type = close)',
    },
    {
      name: 'lists append',
      input:
        '- list: l\n  items: [a]\n- list: l\n  items: [b]\n  append: true\n' +
        mkRule('evt.type = open and proc.name in (l)'),
      want: '(evt.type = open and proc.name in (a, b))',
      codes: [OLD],
    },
    {
      name: 'replacing a list needs none before',
      input:
        '- list: l\n  items: [a]\n  override: {items: replace}\n' +
        mkRule('evt.type = open and proc.name in (l)'),
      want: '(evt.type = open and proc.name in (a))',
    },
  ]
  for (const {name, input, want, codes = []} of conditions) {
    it(name, () => {
      const loaded = loadTexts([input])
      assert.deepEqual(loaded.codes, codes)
      assert.equal(loaded.conditions.get('r'), want)
    })
  }

  const refused: readonly {name: string; input: string; want: string; message: RegExp}[] = [
    {
      name: 'append and override together',
      input:
        rule +
        mkChange(['condition: or x.y exists', 'append: true', 'override: {condition: append}']),
      want: STRUCTURE,
      message: /'append'.*'override'/,
    },
    {
      name: 'an override of another kind',
      input: rule + mkChange(['condition: x', 'override: {condition: prepend}']),
      want: STRUCTURE,
      message: /'condition'/,
    },
    {
      name: 'appending to the priority',
      input: rule + mkChange(['priority: INFO', 'override: {priority: append}']),
      want: STRUCTURE,
      message: /'priority'/,
    },
    {
      name: 'an override of an unknown key',
      input: rule + mkChange(['override: {conditon: append}']),
      want: STRUCTURE,
      message: /'conditon'.*'condition'/,
    },
    {
      name: 'an override without its key',
      input: rule + mkChange(['override: {desc: replace}']),
      want: STRUCTURE,
      message: /'desc' is missing/,
    },
    {
      name: 'a key without its override',
      input: rule + mkChange(['desc: x', 'tags: [x]', 'override: {desc: replace}']),
      want: STRUCTURE,
      message: /'tags'/,
    },
    {
      name: 'appending nothing',
      input: rule + mkChange(['enabled: true', 'append: true']),
      want: ITEM,
      message: /'r'/,
    },
    {
      name: 'appending to no rule',
      input: rule + mkChange(['condition: x', 'append: true'], 'rr'),
      want: ITEM,
      message: /'rr'.*'r'/,
    },
    {
      name: 'replacing in no rule',
      input: mkChange(['desc: x', 'override: {desc: replace}']),
      want: ITEM,
      message: /'r'/,
    },
    {
      name: 'appending to no list',
      input: '- list: l\n  items: []\n  override: {items: append}\n- list: l\n  items: []\n',
      want: ITEM,
      message: /'l'/,
    },
    {
      name: 'appending to no macro',
      input: '- macro: m\n  condition: x\n  append: true\n',
      want: ITEM,
      message: /'m'/,
    },
    {
      name: 'another source in a redefinition',
      input: mkRule('x', ['source: k8s_audit']) + mkRule('evt.type = open'),
      want: ITEM,
      message: /'k8s_audit'/,
    },
    {
      name: 'another source with a new condition',
      input: rule + mkChange(['condition: x', 'source: y', 'override: {condition: replace}']),
      want: ITEM,
      message: /'y'/,
    },
  ]
  for (const {name, input, want, message} of refused) {
    it(`refuses ${name}`, () => {
      const [error] = loadTexts([input]).errors
      assert.equal(error?.code, want)
      assert.match(error.message, message)
    })
  }

  it('points at the entry of a forbidden override', () => {
    const change = mkChange(['priority: INFO', 'override:', '  priority: append'])
    const [error] = loadTexts([rule + change]).errors
    assert.equal(placeOf(error!, 'overrides'), 'priority@10:14')
    assert.match(error!.snippet, /priority: append/)
  })

  it('changes each key that can be overridden', () => {
    const change = mkChange([
      'output: p',
      'desc: e',
      'tags: [a]',
      'priority: error',
      'enabled: true',
      'capture: true',
      'capture_duration: 5',
      'warn_evttypes: false',
      'skip-if-unknown-filter: true',
      'override:',
      '  {output: append, desc: append, tags: append, priority: replace, enabled: replace, capture: replace,',
      '   capture_duration: replace, warn_evttypes: replace, skip-if-unknown-filter: replace}',
    ])
    const loaded = loadTexts([rule + change])
    assert.deepEqual(loaded.codes, [])
    const [changed] = loaded.rules
    assert.deepEqual([changed!.output, changed!.desc, changed!.tags], ['o p', 'd e', ['a', 'b']])
    assert.deepEqual([changed!.priority, changed!.enabled], ['Error', true])
    assert.deepEqual([changed!.capture, changed!.captureDurationMs], [true, 5])
    assert.deepEqual([changed!.warnEventTypes, changed!.skipIfUnknownFilter], [false, true])
  })

  it('leaves no half of a refused override', () => {
    const change = mkChange([
      'desc: e',
      'priority: none',
      'override: {desc: append, priority: replace}',
    ])
    const {definitions} = loadTexts([rule + change])
    assert.equal(definitions.get('r')?.desc, 'd')
  })

  for (const source of ['', '~', '""', 'syscall']) {
    it(`appends with the source ${source}`, () => {
      const change = mkChange([
        'condition: or evt.type = close',
        `source: ${source}`,
        'append: true',
      ])
      assert.deepEqual(loadTexts([rule + change]).errors, [])
    })
  }

  it('does not look at the source of an override without condition', () => {
    const change = mkChange(['desc: e', 'source: other', 'override: {desc: replace}'])
    assert.deepEqual(loadTexts([rule + change]).errors, [])
  })

  it('ignores other keys beside append', () => {
    const change = mkChange(['condition: or evt.type = close', 'enabled: true', 'append: true'])
    assert.equal(loadTexts([rule + change]).rules[0]?.enabled, false)
  })

  it('keeps the place of the first definition', () => {
    const texts = [mkRule('evt.type = open', [], 'a') + mkRule('evt.type = open', [], 'b')]
    const {rules} = loadTexts([...texts, mkRule('evt.type = close', [], 'a')])
    assert.deepEqual(
      rules.map(({name}) => name),
      ['a', 'b'],
    )
  })
})
