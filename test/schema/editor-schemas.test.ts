import assert from 'node:assert/strict'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv} from 'ajv'
import {describe, it} from 'mocha'
import {parse, parseAllDocuments} from 'yaml'
import {packageRoot} from '../../src/paths.ts'
import {EDITOR_SCHEMAS} from '../../src/schema/editor-schemas.ts'

const ajv = new Ajv({allowUnionTypes: true})
const checks = {
  rules: ajv.compile(EDITOR_SCHEMAS.rules),
  config: ajv.compile(EDITOR_SCHEMAS.config),
}

/** The first violation as editors would show it; undefined when the text fits. */
function violation(kind: 'rules' | 'config', text: string): string | undefined {
  // As editors read it: with the types of YAML 1.2.
  for (const document of parseAllDocuments(text)) {
    const check = checks[kind]
    if (!check(document.toJS()))
      return `${check.errors?.[0]?.instancePath} ${check.errors?.[0]?.message}`
  }
  return undefined
}

const RULE = 'rule: r, condition: c, output: o, desc: d, priority: INFO'

describe('the schema of rule files', () => {
  for (const folder of [
    join(packageRoot, 'rules'),
    join(packageRoot, '..', 'shared', 'public-rules'),
  ]) {
    it(`fits every file of ${folder.split('/').slice(-2).join('/')}`, function () {
      if (!existsSync(folder)) {
        this.test!.title += ' (skipped: not there)'
        return this.skip()
      }
      const names = readdirSync(folder).filter(name => /(?<!\.test)\.yaml$/.test(name))
      assert.ok(names.length > 0)
      for (const name of names) {
        assert.equal(violation('rules', readFileSync(join(folder, name), 'utf8')), undefined, name)
      }
    })
  }

  const fitting: {name: string; input: string}[] = [
    {name: 'nothing', input: ''},
    {name: 'a rule', input: `- {${RULE}}`},
    {name: 'a null item', input: '- ~'},
    {name: 'a priority in small letters', input: `- {${RULE.replace('INFO', 'informational')}}`},
    {name: 'another way to say false', input: `- {${RULE}, enabled: Off}`},
    {name: 'a version that reads as a number', input: '- required_engine_version: 26'},
    {
      name: 'items that read as numbers and booleans',
      input: '- {list: l, items: [1, 1.5, true, a]}',
    },
    {name: 'an override', input: '- {rule: r, tags: [a], override: {tags: append}}'},
    {name: 'a rule that is only switched', input: '- {rule: r, enabled: false}'},
    {
      name: 'exceptions of both forms',
      input: `- {${RULE}, exceptions: [{name: a, fields: f, comps: in, values: [x]}, {name: b, fields: [f, g], values: [[x, [y]]]}]}`,
    },
    {name: 'no exceptions', input: `- {${RULE}, exceptions: }`},
  ]
  for (const {name, input} of fitting) {
    it(`takes ${name}`, () => assert.equal(violation('rules', input), undefined))
  }

  const misfits: {name: string; input: string; at: string}[] = [
    {name: 'a misspelled key', input: `- {${RULE}, tag: [a]}`, at: '/0'},
    {
      name: 'a rule without an output',
      input: '- {rule: r, condition: c, desc: d, priority: INFO}',
      at: '/0',
    },
    {name: 'a macro without a condition', input: '- macro: m', at: '/0'},
    {name: 'a list without items', input: '- list: l', at: '/0'},
    {name: 'an unknown priority', input: `- {${RULE.replace('INFO', 'WARN')}}`, at: '/0/priority'},
    {name: 'a word for a flag', input: `- {${RULE}, enabled: maybe}`, at: '/0/enabled'},
    {name: 'tags that are no list', input: `- {${RULE}, tags: a}`, at: '/0/tags'},
    {
      name: 'a mode that is none',
      input: '- {rule: r, tags: [a], override: {tags: add}}',
      at: '/0/override/tags',
    },
    {name: 'a mapping for a document', input: 'rule: r', at: ''},
  ]
  for (const {name, input, at} of misfits) {
    it(`refuses ${name}`, () => assert.equal(violation('rules', input)?.split(' ')[0], at))
  }

  it('describes every key', () => {
    const {properties} = EDITOR_SCHEMAS.rules['items'] as {
      properties: Record<string, {description?: string}>
    }
    for (const [key, {description}] of Object.entries(properties)) assert.ok(description, key)
  })
})

describe('the schema of the configuration', () => {
  const cases: {name: string; input: string; want: boolean}[] = [
    {
      name: 'rules and outputs',
      input: 'rules: [a]\noutputs: {file: {enabled: true, filename: x}}',
      want: true,
    },
    {name: 'an unknown key', input: 'rule: [a]', want: false},
    {name: 'a port where a word belongs', input: 'rule_matching: 1', want: false},
  ]
  for (const {name, input, want} of cases) {
    it(`${want ? 'takes' : 'refuses'} ${name}`, () => {
      assert.equal(checks.config(parse(input)), want)
    })
  }
})
