import assert from 'node:assert/strict'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import type {Log} from '../../src/diagnostics/log.ts'
import {startDispatcher} from '../../src/outputs/dispatcher.ts'
import {openMemoryQueue} from '../../src/outputs/memory-queue.ts'
import {fileSink} from '../../src/outputs/sinks/file.ts'
import {mkAlert} from '../support/alerts.ts'

describe('startDispatcher', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dispatcher-'))
  })
  afterEach(() => rmSync(folder, {recursive: true}))

  const mk = (...names: string[]) => {
    const logged: string[] = []
    const sinks = names.map(name =>
      fileSink({path: join(folder, name), format: alert => alert.id, keepOpen: true}),
    )
    const log: Log = (_, message) => logged.push(message)
    const dispatcher = startDispatcher({queue: openMemoryQueue(sinks, {log}), log})
    return {dispatcher, logged}
  }

  it('delivers to every sink and says what was left over', async () => {
    const {dispatcher, logged} = mk('a', 'missing/b')
    assert.equal(dispatcher.dispatch(mkAlert()), true)
    const stats = await dispatcher.stop(100)
    assert.equal(await dispatcher.stop(100), stats)
    assert.deepEqual([stats.delivered, stats.abandoned], [1, 1])
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'a1\n')
    assert.match(logged.at(-1) ?? '', /1 alerts were not delivered/)
  })

  it('takes nothing after it was stopped', async () => {
    const {dispatcher} = mk('a')
    await dispatcher.stop(100)
    assert.equal(dispatcher.dispatch(mkAlert()), false)
    assert.equal(dispatcher.stats().refused, 1)
  })

  it('survives a reopening', async () => {
    const {dispatcher, logged} = mk('a')
    await dispatcher.reopen()
    dispatcher.dispatch(mkAlert())
    assert.equal((await dispatcher.stop(1000)).delivered, 1)
    assert.deepEqual(logged, [])
  })
})
