import assert from 'node:assert/strict'
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {runLoader} from '../../scripts/conformance/loader.ts'
import {runParser} from '../../scripts/conformance/parser.ts'
import {SUITES} from '../../scripts/conformance/suites.ts'
import {ruleChecker} from '../../src/compiler/rule-checker.ts'
import {loadRuleFiles} from '../../src/compiler/rules/load.ts'
import {packageRoot} from '../../src/paths.ts'

const shared = join(packageRoot, '..', 'shared')

describe('conformance of rule files', () => {
  for (const [name, run] of [
    ['loader', runLoader],
    ['parser', runParser],
  ] as const) {
    it(`suite ${name} passes`, async function () {
      const result = await run(join(shared, 'conformance'))
      if (!result) {
        this.test!.title += ` (skipped: no ${name}.json in ../shared/conformance)`
        return this.skip()
      }
      assert.deepEqual(result.failed, [])
      assert.ok(result.passed > 0)
    })
  }

  it('public rule files load without errors and warnings', function () {
    const dir = join(shared, 'public-rules')
    if (!existsSync(dir)) {
      this.test!.title += ' (skipped: no ../shared/public-rules)'
      return this.skip()
    }
    const names = readdirSync(dir).filter(name => name.endsWith('.yaml'))
    const files = names.map(name => ({name, content: readFileSync(join(dir, name))}))
    const {results, rules} = loadRuleFiles(files, {checker: ruleChecker})
    assert.deepEqual(
      results.flatMap(({errors, warnings}) => [...errors, ...warnings]),
      [],
    )
    assert.ok(rules.length > 90)
  })
})

describe('conformance runners', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'conformance-'))
  })
  afterEach(() => rmSync(dir, {recursive: true}))

  const write = (suite: string, cases: readonly object[]): void =>
    writeFileSync(join(dir, `${suite}.json`), JSON.stringify(cases))

  it('run nothing where there are no cases', async () => {
    for (const run of SUITES.values()) assert.equal(await run(dir), undefined)
  })

  it('notice wrong answers of the parser', async () => {
    const cases = [
      {name: 'right', stage: 'parse', filter: 'a', valid: true},
      {name: 'valid', stage: 'parse', filter: 'a', valid: false},
      {name: 'canonical', stage: 'parse', filter: 'a', valid: true, canonical: 'b'},
      {name: 'repeat', stage: 'parse', filter_repeat: ['(', 200], valid: true},
      {name: 'end', stage: 'parse', filter: 'a', valid: true, end_position: {offset: 2}},
      {name: 'compiles', stage: 'compile', filter: 'proc.name = x', valid: false},
      {name: 'count', stage: 'compile', filter: 'proc.name = x', valid: true, warnings: 1},
      {name: 'hex', stage: 'unescape', literal: '"a"', valid: true, expect_hex: '62'},
      {name: 'quote', stage: 'unescape', literal: '"a"b"', valid: true},
      {name: 'codes', stage: 'warnings', filter: 'evt.dir = <', valid: true, warnings: []},
      {name: 'stage', stage: 'other', valid: true},
    ]
    write('parser', cases)
    const result = await runParser(dir)
    assert.equal(result?.passed, 1)
    assert.deepEqual(
      result.failed.map(({name}) => name),
      cases.slice(1).map(({name}) => name),
    )
  })

  it('notice wrong answers of outputs', async () => {
    const cases = [
      {name: 'right', format: '%proc.name', fields: {'proc.name': {value: 'a'}}, expect: 'a'},
      {name: 'text', format: '%proc.name', fields: {'proc.name': {value: 'a'}}, expect: 'b'},
      {name: 'refused', format: '%no.such', expect: 'a'},
      {name: 'accepted', format: '%proc.name', valid: false},
      {name: 'json', format: '%proc.name', expect_json: {'proc.name': 'a'}},
    ]
    write('output_format', cases)
    const result = await SUITES.get('output_format')!(dir)
    assert.equal(result?.passed, 1)
    assert.deepEqual(
      result.failed.map(({name}) => name),
      cases.slice(1).map(({name}) => name),
    )
  })

  it('notice wrong answers of the loader', async () => {
    const content =
      '- rule: r\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n'
    const wrong = {
      valid: false,
      file_valid: [false],
      exit_code: 1,
      errors: [{code: 'LOAD_ERR_VALIDATE'}],
      error_count: 1,
      warnings: ['LOAD_NO_EVTTYPE'],
      warning_items: [{code: 'LOAD_NO_EVTTYPE'}],
      warning_count: 1,
      has_warnings: true,
      schema_valid: false,
      snippet_contains: ['x'],
      message_contains: ['x'],
      compiled_condition: {r: 'evt.type = close'},
      rule_info: {r: {enabled: false}},
      compiled_rules: ['s'],
      compiled_macros: ['m'],
      compiled_lists: ['l'],
      list_items: {l: []},
      enabled_count: 0,
      plugin_requirements_met: false,
      some_new_expectation: 1,
    }
    const cases = Object.entries(wrong).map(([name, value]) => ({
      name,
      files: [{name: 'a.yaml', content}],
      expect: {[name]: value},
    }))
    write('loader', cases)
    const result = await runLoader(dir)
    assert.deepEqual(
      result?.failed.map(({name}) => name),
      Object.keys(wrong),
    )
  })
})
