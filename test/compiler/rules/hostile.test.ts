import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {compileFilter} from '../../../src/compiler/api/compile-filter.ts'
import {parseFieldEvent} from '../../../src/compiler/field-events.ts'
import {loadTexts, mkRule} from './load-texts.ts'

const YAML = 'LOAD_ERR_YAML_PARSE'
const CONDITION = 'LOAD_ERR_COMPILE_CONDITION'
const ITEM = 'LOAD_ERR_VALIDATE'

function times(count: number, make: (i: number) => string): string {
  return Array.from({length: count}, (_, i) => make(i)).join('')
}

describe('hostile rule files', () => {
  const laughs = times(9, i => {
    const alias = `*${'abcdefghij'[i]}`
    return `- &${'bcdefghijk'[i]} [${Array(10).fill(alias).join(',')}]\n`
  })
  const cases: readonly {
    name: string
    input: string | Uint8Array
    want: string
    message: RegExp
  }[] = [
    {
      name: 'invalid UTF-8',
      input: new Uint8Array([0x2d, 0x20, 0xff]),
      want: YAML,
      message: /UTF-8/,
    },
    {name: 'NUL characters', input: '- list: a\0b', want: YAML, message: /NUL/},
    {name: 'NUL bytes', input: new Uint8Array([0x2d, 0x20, 0]), want: YAML, message: /NUL/},
    {name: 'deep sequences', input: '['.repeat(100_000), want: YAML, message: /levels deep/},
    {name: 'deep mappings', input: '{a: '.repeat(100_000), want: YAML, message: /levels deep/},
    {name: 'deep block sequences', input: '- '.repeat(100_000), want: YAML, message: /levels deep/},
    {name: 'an alias inside its anchor', input: '- &a [*a]', want: YAML, message: /'\*a'/},
    {name: 'aliases that multiply', input: `- &a [x]\n${laughs}`, want: YAML, message: /nodes/},
    {name: 'a mapping as key', input: '- ? {a: b}\n  : c\n', want: YAML, message: /key/},
    {
      name: '100,000 parentheses',
      input: mkRule('('.repeat(100_000)),
      want: CONDITION,
      message: /nested too deeply/,
    },
    {
      name: 'macros in a circle',
      input:
        '- macro: a\n  condition: proc.name = x\n- macro: b\n  condition: a\n' +
        `- macro: a\n  condition: b\n${mkRule('a')}`,
      want: ITEM,
      message: /uses itself/,
    },
    {
      name: 'a million negations in a group too deep',
      input: mkRule(`${'not '.repeat(1_000_000)}${'not ('.repeat(1000)}`),
      want: CONDITION,
      message: /nested too deeply/,
    },
    {
      name: 'transformers in transformers',
      input: mkRule(`evt.type = open and ${'tolower('.repeat(5000)}`),
      want: CONDITION,
      message: /nested too deeply/,
    },
    {
      name: 'a regular expression that multiplies',
      input: mkRule('evt.type = open and proc.name regex "(((a{100}){100}){100})"'),
      want: CONDITION,
      message: /regular expression/,
    },
    {
      name: 'a NUL byte by number',
      input: mkRule(`'evt.type = open and proc.name = "a\\x00"'`),
      want: CONDITION,
      message: /NUL/,
    },
    {
      name: 'a field that is no own property of anything',
      input: mkRule('evt.type = open and evt.arg.constructor = 1'),
      want: CONDITION,
      message: /evt\.arg\.constructor/,
    },
    {
      name: 'a name as long as the file',
      input: mkRule(`evt.type = open and ${'a.'.repeat(100_000)}a = 1`),
      want: CONDITION,
      message: /^unknown field 'a\.a.{900,1000}…$/,
    },
    {
      name: 'macros that double',
      input:
        '- macro: m0\n  condition: proc.name = a\n' +
        times(64, i => `- macro: m${i + 1}\n  condition: m${i} or m${i}\n`) +
        mkRule('m64'),
      want: ITEM,
      message: /parts/,
    },
    {
      name: 'macros on top of each other',
      input:
        '- macro: m0\n  condition: proc.name = a\n' +
        times(1100, i => `- macro: m${i + 1}\n  condition: not m${i}\n`),
      want: ITEM,
      message: /levels deep/,
    },
    {
      name: 'a long way through macros',
      input:
        times(2000, i => `- macro: m${i}\n  condition: proc.name = a\n`) +
        times(1999, i => `- macro: m${i}\n  condition: m${i + 1}\n`),
      want: ITEM,
      message: /in a row/,
    },
    {
      name: 'lists that grow in lists',
      input: `- list: a\n  items: [${'x,'.repeat(2000)}]\n- list: b\n  items: [${'a,'.repeat(2000)}]\n`,
      want: ITEM,
      message: /items/,
    },
    {
      name: 'lists that grow in conditions',
      input: `- list: a\n  items: [${'x,'.repeat(3000)}]\n${mkRule(`proc.name in (${'a, '.repeat(3000)}a)`)}`,
      want: CONDITION,
      message: /grows/,
    },
    {
      name: 'exceptions that grow',
      input: mkRule('evt.type = open', [
        'exceptions:',
        `- {name: e, fields: ["concat(${'proc.name,'.repeat(500)}proc.name)"], values: [${'[x],'.repeat(2000)}]}`,
      ]),
      want: CONDITION,
      message: /grows/,
    },
  ]
  for (const {name, input, want, message} of cases) {
    it(`${name} give a clear error`, () => {
      const [error] = loadTexts([input]).errors
      assert.equal(error?.code, want)
      assert.match(error.message, message)
    })
  }

  it('may use names that mean something to the runtime', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']
    const text = names
      .map(
        name =>
          `- list: ${name}\n  items: [${name}, valueOf]\n` +
          `- macro: m_${name}\n  condition: proc.name in (${name})\n` +
          mkRule(`evt.type = open and m_${name}`, [`${name}: x`, `tags: [${name}]`], name) +
          `- ${name}: x\n` +
          `- rule: ${name}\n  override: {${name}: append}\n`,
      )
      .join('')
    const {errors, warnings} = loadTexts([text])
    assert.match(errors[0]!.message, /'__proto__' cannot be overridden/)
    assert.deepEqual(
      warnings.map(({code}) => code),
      ['LOAD_UNKNOWN_KEY', 'LOAD_UNKNOWN_ITEM'],
    )
    const clean = loadTexts([text.replace(/- rule: \S+\n {2}override.*\n/g, '')])
    assert.deepEqual(clean.errors, [])
    assert.deepEqual(
      clean.rules.map(rule => rule.name),
      names,
    )
    assert.equal(
      clean.conditions.get('__proto__'),
      '(evt.type = open and proc.name in (__proto__, valueOf))',
    )
    assert.equal(Object.hasOwn(Object.prototype, 'x'), false)
  })

  it('cannot make matching slow with a regular expression', () => {
    const {rules, errors} = loadTexts([mkRule('evt.type = open and proc.name regex "^(a+)+$"')])
    assert.deepEqual(errors, [])
    const filter = compileFilter(rules[0]!.conditionText)
    assert.ok(filter.ok)
    const ask = (name: string): boolean => {
      const parsed = parseFieldEvent(JSON.stringify({'evt.type': 'open', 'proc.name': name}))
      assert.ok(parsed.ok)
      return filter.filter.matches(parsed.event)
    }
    const started = performance.now()
    assert.equal(ask('a'.repeat(5000)), true)
    assert.equal(ask(`${'a'.repeat(5000)}b`), false)
    // A matcher that backtracks needs longer than the universe has lasted.
    assert.ok(performance.now() - started < 5000)
  })

  it('do not flood the result with warnings', () => {
    const {warnings} = loadTexts([`- list: l\n  items: []\n${times(11_000, i => `  k${i}: x\n`)}`])
    assert.equal(warnings.length, 10_001)
    assert.match(warnings.at(-1)!.message, /^1001 more/)
  })

  it('never make the loader throw', () => {
    const piece = fc.constantFrom(
      ...[
        '- rule: r\n',
        '- macro: m\n',
        '- list: l\n',
        '- ',
        '  condition: evt.type = open\n',
        '  output: o\n',
      ],
      ...[
        '  desc: d\n',
        '  priority: INFO\n',
        '  items: [l, a]\n',
        '  append: true\n',
        '  tags: [a]\n',
      ],
      ...[
        '  exceptions:\n',
        '    - name: e\n',
        '      fields: [proc.name]\n',
        '      values: [[a]]\n',
      ],
      ...[
        '  override: {items: append}\n',
        '  enabled: no\n',
        '  condition: m\n',
        '---\n',
        '*a\n',
        '&a x\n',
        '\t',
        '{',
        '}',
      ],
    )
    fc.assert(
      fc.property(fc.array(piece, {maxLength: 25}), fc.string(), (pieces, end) => {
        const {results} = loadTexts([pieces.join('') + end])
        assert.equal(results.length, 1)
      }),
      {numRuns: 200},
    )
  })
})
