import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {runCli} from '../../src/cli/cli.ts'
import {fakeIo} from '../support/io.ts'
import {pageBlocks} from './page-blocks.ts'

describe('docs/explain.md', () => {
  const blocks = pageBlocks('explain.md')
  const textOf = (wanted: string) => blocks.find(({language}) => language === wanted)!.text
  let dir: string
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'detector-docs-'))
    writeFileSync(join(dir, 'rules.yaml'), textOf('yaml'), {mode: 0o600})
    writeFileSync(join(dir, 'events.jsonl'), textOf('json'))
    writeFileSync(join(dir, 'detector.yaml'), '{}')
  })
  after(() => rmSync(dir, {recursive: true}))

  for (const {language, line, text} of blocks) {
    if (language !== 'console') continue
    it(`shows what is printed below line ${line}`, async () => {
      const [command = '', ...shown] = text.trimEnd().split('\n')
      const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(
        ([, quoted, word]) => quoted ?? word!,
      )
      const paths: Readonly<Record<string, string>> = {
        RULES: join(dir, 'rules.yaml'),
        EVENTS: join(dir, 'events.jsonl'),
      }
      const args = words.slice(2).map(word => paths[word] ?? word)
      const io = fakeIo()
      assert.equal(await runCli([...args, '-c', join(dir, 'detector.yaml')], io), 0, io.err())
      const printed = io.out().replaceAll(paths['RULES']!, 'RULES').trimEnd().split('\n')
      if (args.includes('--event')) assert.deepEqual(shown, printed)
      // The page leaves out some lines, and the ends of some.
      let at = 0
      for (const wanted of shown) {
        at = printed.findIndex((one, number) => number >= at && one.startsWith(wanted)) + 1
        assert.notEqual(at, 0, `not printed: ${wanted}\n${io.out()}`)
      }
    })
  }
})
