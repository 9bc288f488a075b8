import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {after, before, describe, it} from 'mocha'

const CHILD = fileURLToPath(new URL('./kill-child.js', import.meta.url))
const ROUNDS = process.env['ROBUST'] === 'full' ? 50 : 5

describe('a durable queue whose process is killed', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'queue-kill-'))
  })
  after(() => rmSync(folder, {recursive: true}))

  const run = (prefix: string, perSecond: number) =>
    spawn(process.execPath, [CHILD, folder, prefix, String(perSecond)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })

  const lines = (name: string): string[] => {
    const path = join(folder, name)
    // What is behind the last line end was cut by the kill.
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  }

  it(`loses nothing that it stored in ${ROUNDS} kills at 2000 alerts a second, and repeats only ids`, async function () {
    this.timeout(ROUNDS * 10_000)
    const stored = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      const child = run(`r${round}`, 2000)
      let errors = ''
      child.stderr.on('data', (chunk: Buffer) => {
        errors += chunk.toString()
      })
      await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
      await pause(Math.random() * 600)
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      assert.equal(errors, '')
      const saved = Number(lines(`r${round}.saved`).at(-1) ?? 0)
      for (let index = 0; index < saved; index++) stored.add(`r${round}-${index}`)
    }
    const last = run('last', 0)
    const [code] = await once(last, 'exit')
    assert.equal(code, 0)
    for (const sink of ['one', 'two']) {
      const taken = lines(`${sink}.taken`)
      const distinct = new Set(taken)
      const lost = [...stored].filter(id => !distinct.has(id))
      assert.deepEqual(lost, [], `${sink}: ${stored.size} stored, ${taken.length} taken`)
      assert.ok(taken.every(id => /^r\d+-\d+$/.test(id)))
      // Only what was under way at a kill comes again, not whole runs.
      assert.ok(
        taken.length - distinct.size < ROUNDS * 1000,
        `${taken.length - distinct.size} repeats`,
      )
    }
    assert.ok(stored.size > ROUNDS * 50, `only ${stored.size} were stored`)
  })
})
