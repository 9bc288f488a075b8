import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {runValidate, type ValidateArgs, validate} from '../../../src/cli/commands/validate.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {assertGolden} from '../../support/golden.ts'

const GOOD =
  '- rule: good\n  desc: d\n  condition: evt.type = open\n  output: o %proc.name\n  priority: INFO\n'
const DOUBTFUL = `${GOOD}  prioritty: x\n- list: unused\n  items: [a]\n`
const BAD = `${GOOD.replace('good', 'bad').replace('proc.name', 'proc.nam')}  tag: x\n`

const NO_CONFIG = {config: undefined, overrides: []}

function run(contents: readonly string[], args: Partial<ValidateArgs> = {}) {
  const out: string[] = []
  const err: string[] = []
  const files = contents.map((content, i) => ({
    name: `${i + 1}.yaml`,
    content: Buffer.from(content),
  }))
  const code = validate(
    {json: false, verbose: false, color: false, ...args, files},
    {stdout: text => void out.push(text), stderr: text => void err.push(text)},
  )
  return {code, out: out.join(''), err: err.join('')}
}

describe('validate', () => {
  it('says that files are good', () => {
    assert.deepEqual(run([GOOD, '']), {code: 0, out: '1.yaml: Ok\n2.yaml: Ok\n', err: ''})
  })

  it('ends well in spite of warnings, and explains them beside the result', () => {
    const {code, out, err} = run([DOUBTFUL])
    assert.deepEqual([code, out], [0, '1.yaml: Ok, with warnings\n'])
    assert.match(err, /LOAD_UNKNOWN_KEY.*'prioritty'.*did you mean 'priority'/)
    assert.match(err, /LOAD_UNUSED_LIST.*'unused'/)
  })

  it('shows what is wrong and where', () => {
    const {code, out, err} = run([GOOD, BAD])
    assert.equal(code, 1)
    assertGolden('cli/validate-invalid.txt', `${out}--- stderr ---\n${err}`)
  })

  it('prints one line of JSON', () => {
    const {code, out} = run([GOOD, BAD], {json: true})
    assert.equal(code, 1)
    assert.equal(out.indexOf('\n'), out.length - 1)
    const {falco_load_results: results} = JSON.parse(out)
    assert.deepEqual(
      results.map((result: {successful: boolean}) => result.successful),
      [true, false],
    )
    assert.equal(results[1].errors[0].code, 'LOAD_ERR_COMPILE_OUTPUT')
  })

  it('tells more when asked to', () => {
    const {err} = run([GOOD.replace('INFO', 'info')], {verbose: true})
    assert.match(err, /schema: item 0\/priority/)
    assert.match(err, /1 rules, 0 macros, 0 lists/)
  })

  it('colours the verdict', () => {
    assert.match(run([GOOD], {color: true}).out, /\u001b\[32mOk\u001b\[0m/)
  })

  it('ends without results when a plugin is missing', () => {
    const plugin = '- required_plugin_versions: [{name: json, version: 0.7.0}]\n'
    const {code, out, err} = run([plugin + GOOD])
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /Error: .*'json' 0\.7\.0/)
  })

  it('has the fields of the container plugin built in', () => {
    const plugin = '- required_plugin_versions: [{name: container, version: 0.4.0}]\n'
    assert.equal(run([plugin + GOOD]).code, 0)
  })

  it('replaces control characters of files', () => {
    const {out, err} = run(['- list: "\\e[31m"\n  items: x\n'])
    assert.ok(!`${out}${err}`.includes('\u001b'))
  })
})

describe('runValidate', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'validate-'))
  })
  afterEach(() => rmSync(dir, {recursive: true}))

  const args = {json: false, verbose: false, color: false}

  it('reads folders', async () => {
    writeFileSync(join(dir, 'b.yaml'), BAD)
    writeFileSync(join(dir, 'a.yaml'), GOOD)
    const out: string[] = []
    const io = {stdout: (text: string) => void out.push(text), stderr: () => undefined, env: {}}
    assert.equal(await runValidate({...args, ...NO_CONFIG, paths: [dir]}, io), 1)
    const files = out.join('').match(/^\/.*(?:Ok|Invalid)$/gm)
    assert.deepEqual(files, [`${dir}/a.yaml: Ok`, `${dir}/b.yaml: Invalid`])
  })

  it('ends at a path that cannot be read', async () => {
    const io = {stdout: () => undefined, stderr: () => undefined, env: {}}
    await assert.rejects(
      runValidate({...args, ...NO_CONFIG, paths: [join(dir, 'none')]}, io),
      (error: unknown) => error instanceof CodedError && error.exitCode === 1,
    )
  })
})
