import assert from 'node:assert/strict'
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {runCli} from '../../src/cli/cli.ts'
import {packageRoot} from '../../src/paths.ts'
import {fakeIo} from '../support/io.ts'
import {pageBlocks} from './page-blocks.ts'

const EVENTS = join(packageRoot, 'docs', 'examples')

function readEvents(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8')
}

/** The lines that `detector eval` prints about a file of events. */
async function evaluate(filter: string, path: string): Promise<string[]> {
  const io = fakeIo({[path]: readEvents(path)})
  const exitCode = await runCli(['eval', '--filter', filter, '--events', path], io)
  assert.equal(exitCode, 0, io.out())
  return io.out().trimEnd().split('\n')
}

/** The numbers of the lines that say true, runs of three or more as a range. */
function matching(lines: readonly string[]): string {
  const runs: number[][] = []
  lines.forEach((line, i) => {
    if (line !== '{"match":true}') return
    const last = runs.at(-1)
    if (last?.at(-1) === i) last.push(i + 1)
    else runs.push([i + 1])
  })
  const texts = runs.map(run => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(' ')))
  return texts.length === 0 ? 'none' : texts.join(' ')
}

describe('docs/conditions.md', () => {
  const blocks = pageBlocks('conditions.md')
  const used = new Set<string>()

  for (const {language, text, line} of blocks) {
    if (language !== 'examples') continue
    const [head = '', ...lines] = text.trimEnd().split('\n')
    const path = head.replace(/^# /, '')
    used.add(path.split('/').at(-1)!)
    it(`has examples about twenty events below line ${line}`, () => {
      assert.equal(readEvents(path).trimEnd().split('\n').length, 20)
      assert.ok(lines.length > 0 && lines.length % 2 === 0)
    })
    for (let at = 0; at < lines.length; at += 2) {
      const filter = lines[at]!
      it(`says what matches ${filter}`, async () => {
        assert.equal(`  → ${matching(await evaluate(filter, path))}`, lines[at + 1])
      })
    }
  }

  it('shows a command and what it prints', async () => {
    const session = blocks
      .find(({language}) => language === 'console')!
      .text.trimEnd()
      .split('\n')
    const command = /^\$ detector eval --filter '([^']+)' --events (\S+) \| grep -n true$/
    const [, filter, path] = command.exec(session[0]!)!
    const printed = await evaluate(filter!, path!)
    const wanted = printed
      .map((text, i) => `${i + 1}:${text}`)
      .filter(text => text.includes('true'))
    assert.deepEqual(session.slice(1), wanted)
  })

  it('uses every file of examples', () => {
    assert.deepEqual(readdirSync(EVENTS).sort(), [...used].sort())
  })
})
