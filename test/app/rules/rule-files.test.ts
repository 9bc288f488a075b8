import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {isRuleFileName, readRuleFiles} from '../../../src/app/rules/rule-files.ts'
import {MAX_RULE_FILE_BYTES} from '../../../src/compiler/rules/load.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'

describe('readRuleFiles', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rules-'))
  })
  afterEach(() => rmSync(dir, {recursive: true}))

  const write = (name: string, content = name): string => {
    const path = join(dir, name)
    writeFileSync(path, content, {mode: 0o644})
    return path
  }

  const namesIn = (paths: readonly string[]) =>
    readRuleFiles(paths).files.map(({name}) => name.slice(dir.length + 1))

  const refused = (path: string, message: RegExp) =>
    assert.throws(
      () => readRuleFiles([path]),
      (error: unknown) =>
        error instanceof CodedError &&
        error.code === 'RULE_FILE_READ' &&
        message.test(error.message),
    )

  it('takes the rule files of a folder in name order', () => {
    for (const name of ['b.yaml', 'a.yml', 'c.txt', 'a.test.yaml', 'a.test.yml', 'B.yaml'])
      write(name)
    mkdirSync(join(dir, 'd.yaml'))
    assert.deepEqual(namesIn([dir]), ['B.yaml', 'a.yml', 'b.yaml'])
  })

  it('takes named files in the given order, whatever their names', () => {
    assert.deepEqual(namesIn([write('b.txt'), write('a.test.yaml')]), ['b.txt', 'a.test.yaml'])
  })

  it('follows links, as mounted configuration has them', () => {
    symlinkSync(write('real'), join(dir, 'link.yaml'))
    assert.deepEqual(namesIn([dir]), ['link.yaml'])
  })

  it('gives the bytes as they are', () => {
    const path = write('a.yaml')
    writeFileSync(path, Buffer.from([0xff, 0]))
    assert.deepEqual([...readRuleFiles([path]).files[0]!.content], [0xff, 0])
  })

  it('warns of what every user can change', () => {
    const path = write('a.yaml')
    chmodSync(path, 0o666)
    assert.match(readRuleFiles([path]).warnings.join(), /a\.yaml can be changed by every user/)
    assert.deepEqual(readRuleFiles([write('b.yaml')]).warnings, [])
    chmodSync(dir, 0o777)
    assert.equal(readRuleFiles([dir]).warnings.length, 2)
  })

  it('refuses a path that is not there', () => refused(join(dir, 'none'), /none/))

  it('refuses a broken link in a folder', () => {
    symlinkSync(join(dir, 'gone'), join(dir, 'link.yaml'))
    refused(dir, /link\.yaml/)
  })

  it('refuses a pipe without waiting for it', () => {
    const path = join(dir, 'pipe.yaml')
    execFileSync('mkfifo', [path])
    refused(path, /not a regular file/)
  })

  it('refuses a device', () => refused('/dev/zero', /not a regular file/))

  it('refuses a file over the limit', () => {
    const path = write('big.yaml')
    truncateSync(path, MAX_RULE_FILE_BYTES + 1)
    refused(path, /larger than/)
  })
})

describe('isRuleFileName', () => {
  const cases: readonly [string, boolean][] = [
    ['a.yaml', true],
    ['a.yml', true],
    ['a.test.yaml', false],
    ['a.test.yml', false],
    ['a.tests.yml', true],
    ['a.YAML', false],
    ['yaml', false],
    ['a.yaml~', false],
  ]
  for (const [name, want] of cases) {
    it(`${want ? 'takes' : 'leaves'} ${name}`, () => assert.equal(isRuleFileName(name), want))
  }
})
