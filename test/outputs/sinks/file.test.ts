import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {failureOf, type Sink} from '../../../src/outputs/sink.ts'
import {fileSink} from '../../../src/outputs/sinks/file.ts'
import {mkAlert, mkAlerts} from '../../support/alerts.ts'

const signal = new AbortController().signal

describe('fileSink', () => {
  let folder: string
  let path: string
  let sink: Sink
  const mk = (keepOpen = true): Sink => fileSink({path, format: alert => `<${alert.id}>`, keepOpen})
  const content = (): string => readFileSync(path, 'utf8')

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'file-sink-'))
    path = join(folder, 'alerts.log')
    sink = mk()
  })
  afterEach(async () => {
    await sink.close()
    rmSync(folder, {recursive: true})
  })

  it('creates the file for its owner alone and appends', async () => {
    await sink.deliver(mkAlerts(2), signal)
    await sink.deliver([mkAlert({id: 'b'})], signal)
    assert.equal(content(), '<a1>\n<a2>\n<b>\n')
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('writes to the old file until it is reopened', async () => {
    await sink.deliver([mkAlert({id: '1'})], signal)
    renameSync(path, `${path}.1`)
    await sink.deliver([mkAlert({id: '2'})], signal)
    await sink.reopen?.()
    await sink.deliver([mkAlert({id: '3'})], signal)
    assert.equal(readFileSync(`${path}.1`, 'utf8'), '<1>\n<2>\n')
    assert.equal(content(), '<3>\n')
  })

  it('follows a moved file by itself when it is not kept open', async () => {
    sink = mk(false)
    await sink.deliver([mkAlert({id: '1'})], signal)
    renameSync(path, `${path}.1`)
    await sink.deliver([mkAlert({id: '2'})], signal)
    assert.equal(content(), '<2>\n')
  })

  it('ends the line that another writer left unfinished', async () => {
    writeFileSync(path, 'half')
    await sink.deliver([mkAlert()], signal)
    assert.equal(content(), 'half\n<a1>\n')
  })

  it('fails for the moment where there is no folder', async () => {
    const nowhere = fileSink({path: join(folder, 'no', 'x'), format: () => '', keepOpen: true})
    await assert.rejects(nowhere.deliver([mkAlert()], signal), error => !failureOf(error).permanent)
  })

  it('does not wait at a named pipe that nobody reads', async () => {
    execFileSync('mkfifo', [path])
    await assert.rejects(sink.deliver([mkAlert()], signal), /ENXIO/)
  })

  it('puts a file aside that is large enough, and keeps as many as asked', async () => {
    const options = {path, format: (alert: {id: string}) => alert.id, keepOpen: true}
    sink = fileSink({...options, rotateBytes: 4, rotateKeep: 2})
    for (const id of ['1', '22', '333', '4444', '5555', '6']) {
      await sink.deliver([mkAlert({id})], signal)
    }
    const files = [path, `${path}.1`, `${path}.2`].map(name => readFileSync(name, 'utf8'))
    assert.deepEqual(files, ['6\n', '5555\n', '4444\n'])
    assert.equal(existsSync(`${path}.3`), false)
  })

  it('does not put aside what is no regular file', async () => {
    sink = fileSink({
      path: '/dev/null',
      format: () => 'x'.repeat(99),
      keepOpen: false,
      rotateBytes: 1,
    })
    await sink.deliver(mkAlerts(2), signal)
    await sink.deliver(mkAlerts(2), signal)
    assert.ok(statSync('/dev/null').isCharacterDevice())
  })

  describe('on a full disk', () => {
    // A file system of two pages, so that a write stops in the middle of a line.
    const pages = 2
    const long = (id: string) => mkAlert({id, message: id.repeat(3000)})
    let mounted = false

    beforeEach(function () {
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${pages * 4096}`, 'tmpfs', folder], {
          stdio: 'pipe',
        })
        mounted = true
      } catch {
        // Mounting takes root; a test that needs it says so.
        this.skip()
      }
      sink = fileSink({path, format: alert => alert.message, keepOpen: true})
    })
    afterEach(async () => {
      await sink.close()
      if (mounted) execFileSync('umount', [folder])
      mounted = false
    })

    it('takes a cut line up where it stopped', async () => {
      const alerts = ['a', 'b', 'c'].map(long)
      const filler = join(folder, 'filler')
      writeFileSync(filler, Buffer.alloc(4096))
      await assert.rejects(sink.deliver(alerts, signal), error => {
        assert.equal(failureOf(error).delivered, 1)
        return true
      })
      assert.equal(statSync(path).size, 4096)
      await assert.rejects(sink.deliver(alerts.slice(1), signal))
      rmSync(filler)
      execFileSync('mount', ['-o', 'remount,size=65536', folder])
      await sink.deliver(alerts.slice(1), signal)
      assert.equal(content(), alerts.map(alert => `${alert.message}\n`).join(''))
    })

    it('writes a cut line anew into a new file', async () => {
      const alerts = ['a', 'b', 'c'].map(long)
      await assert.rejects(sink.deliver(alerts, signal))
      renameSync(path, `${path}.1`)
      execFileSync('mount', ['-o', 'remount,size=65536', folder])
      await sink.reopen?.()
      await sink.deliver(alerts.slice(2), signal)
      assert.equal(content(), `${alerts[2]?.message}\n`)
    })
  })
})
