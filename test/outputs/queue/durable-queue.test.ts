import assert from 'node:assert/strict'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe} from 'mocha'
import {openDurableQueue} from '../../../src/outputs/queue/durable-queue.ts'
import {describeQueue} from '../queue-contract.ts'

describe('on disk', () => {
  let root: string
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'queue-'))
  })
  after(() => rmSync(root, {recursive: true}))

  describeQueue('openDurableQueue', async (sinks, {policy, ...settings}) => {
    const folder = mkdtempSync(join(root, 'q-'))
    const opened = await openDurableQueue(sinks, {...settings, folder, policyOf: () => policy})
    assert.ok('queue' in opened)
    return opened.queue
  })
})
