import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {loadTexts, mkRule} from './load-texts.ts'

describe('schema check', () => {
  const rule = mkRule('evt.type = open')
  const cases: readonly {name: string; input: string; valid: boolean}[] = [
    {name: 'a rule', input: rule, valid: true},
    {name: 'an empty file', input: '', valid: true},
    {
      name: 'keys of another item kind',
      input: '- list: l\n  items: []\n  priority: INFO\n',
      valid: true,
    },
    {name: 'numbers as list items', input: '- list: l\n  items: [1, a]\n', valid: true},
    {
      name: 'texts that read as their type',
      input: mkRule('x', ['enabled: "true"', 'capture_duration: "5"']),
      valid: true,
    },
    {name: 'booleans in other words', input: mkRule('x', ['enabled: yes']), valid: false},
    {name: 'priorities in lower case', input: rule.replace('INFO', 'info'), valid: false},
    {name: 'unknown keys', input: mkRule('x', ['foo: bar']), valid: false},
    {
      name: 'unknown keys of exceptions',
      input: mkRule('x', ['exceptions: [{name: e, value: x}]']),
      valid: false,
    },
    {
      name: 'exceptions without a name',
      input: mkRule('x', ['exceptions: [{fields: proc.name}]']),
      valid: false,
    },
    {name: 'a null override', input: mkRule('x', ['override: {}']), valid: false},
    {
      name: 'an override of another kind',
      input: mkRule('x', ['override: {desc: prepend}']),
      valid: false,
    },
    {name: 'a mapping as document', input: 'rule: x', valid: false},
    {name: 'a scalar as item', input: '- x', valid: false},
    {
      name: 'keys named like parts of objects',
      input: mkRule('x', ['__proto__: {a: b}']),
      valid: false,
    },
    {
      name: 'required plugins',
      input: '- required_plugin_versions: [{name: a, version: 1.0.0}]',
      valid: true,
    },
    {
      name: 'unknown keys of plugins',
      input: '- required_plugin_versions: [{name: a, version: 1, x: y}]',
      valid: false,
    },
  ]
  for (const {name, input, valid} of cases) {
    it(`${valid ? 'passes' : 'refuses'} ${name}`, () => {
      const [result] = loadTexts([input]).results
      assert.deepEqual([result?.schemaValid, result?.schemaWarnings.length === 0], [valid, valid])
    })
  }

  it('goes by the first document', () => {
    const [result] = loadTexts([`${rule}---\n- foo: bar\n`]).results
    assert.equal(result?.schemaValid, true)
  })

  it('can be left out', () => {
    const [result] = loadTexts(['- foo: bar'], {schemaCheck: false}).results
    assert.equal(result?.schemaValid, true)
  })
})
