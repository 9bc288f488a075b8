import assert from 'node:assert/strict'
import {existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {packageRoot} from '../../../../src/paths.ts'
import type {CaptureHandler} from '../../../../src/sensor/scap/capture-handler.ts'
import {readCapture} from '../../../../src/sensor/scap/read-capture.ts'
import {openCaptureWriter} from '../../../../src/sensor/scap/write/open-capture-writer.ts'
import {facts} from '../../../support/capture-events.ts'

const captures = join(packageRoot, '..', 'shared', 'conformance', 'captures')
const files = existsSync(captures) ? readdirSync(captures) : []

/** Writes down everything that is handed over. */
function recorder(seen: unknown[]): CaptureHandler {
  const take =
    (what: string) =>
    (...parts: unknown[]): void =>
      void seen.push([what, ...parts])
  return {
    machine: take('machine'),
    thread: take('thread'),
    fd: take('fd'),
    networkInterface: take('interface'),
    user: take('user'),
    group: take('group'),
    event: (event, stateOnly) => seen.push([event.num, facts(event), stateOnly]),
  }
}

describe('public captures, written again', () => {
  let dir: string
  before(function () {
    if (files.length === 0) {
      console.log('      skipping: there is no ../shared/conformance/captures')
      this.skip()
    }
    dir = mkdtempSync(join(tmpdir(), 'detector-rewrite-'))
  })
  after(() => {
    if (dir !== undefined) rmSync(dir, {recursive: true})
  })

  for (const name of files) {
    for (const form of ['scap', 'jsonl.gz']) {
      it(`give the same from .${form}: ${name}`, async () => {
        const original = join(captures, name)
        const path = join(dir, `again.${form}`)
        const writer = openCaptureWriter(path)
        await readCapture(original, writer)
        writer.close()
        const [want, got]: [unknown[], unknown[]] = [[], []]
        await readCapture(original, recorder(want))
        const {damage} = await readCapture(path, recorder(got))
        assert.equal(damage, undefined)
        assert.deepEqual(got, want)
      })
    }
  }
})
