import assert from 'node:assert/strict'
import {execFile, spawn} from 'node:child_process'
import {join} from 'node:path'
import {Writable} from 'node:stream'
import {pathToFileURL} from 'node:url'
import {promisify} from 'node:util'
import {describe, it} from 'mocha'
import {failureOf} from '../../../src/outputs/sink.ts'
import {stdoutSink} from '../../../src/outputs/sinks/stdout.ts'
import {mkAlerts} from '../../support/alerts.ts'
import {eventually} from '../../support/eventually.ts'

const signal = new AbortController().signal

describe('stdoutSink', () => {
  it('writes one line for each alert', async () => {
    const chunks: string[] = []
    const stream = new Writable({
      write(chunk, _encoding, done) {
        chunks.push(String(chunk))
        done()
      },
    })
    await stdoutSink(stream, alert => alert.id).deliver(mkAlerts(3), signal)
    assert.equal(chunks.join(''), 'a1\na2\na3\n')
  })

  it('fails for good when the reader is gone', async () => {
    const stream = new Writable({write: (_chunk, _encoding, done) => done(new Error('EPIPE'))})
    const sink = stdoutSink(stream, alert => alert.id)
    await assert.rejects(sink.deliver(mkAlerts(1), signal), error => failureOf(error).permanent)
  })

  it('gives up on a stream that takes nothing when aborted', async () => {
    const stream = new Writable({write() {}})
    const abort = new AbortController()
    const delivery = stdoutSink(stream, alert => alert.id).deliver(mkAlerts(1), abort.signal)
    abort.abort()
    await assert.rejects(delivery, error => !failureOf(error).permanent)
  })
})

describe('openStdout', () => {
  const cases = [
    {name: 'a pipe', command: '"$0" --input-type=module -e "$1" | sleep 30'},
    {name: 'a socket', command: 'exec "$0" --input-type=module -e "$1"'},
  ]
  for (const {name, command} of cases) {
    it(`leaves the thread free while nobody reads from ${name}`, async () => {
      const script = `
        const {openStdout} = await import(${JSON.stringify(moduleUrl('outputs/sinks/stdout.js'))})
        const stream = openStdout()
        stream.on('error', () => {})
        stream.write(Buffer.alloc(4 << 20))
        setTimeout(() => process.stderr.write('alive'), 10)`
      const child = spawn('bash', ['-c', command, process.execPath, script], {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      })
      try {
        let heard = ''
        child.stderr.on('data', chunk => {
          heard += String(chunk)
        })
        await eventually(() => heard === 'alive', {what: `a sign of life (${heard})`})
      } finally {
        // The group holds the shell, the writer and the reader of this test.
        process.kill(-child.pid!, 'SIGKILL')
      }
    })
  }

  it('keeps the process alive when the reader goes away', async () => {
    const script = `
      const {processIo} = await import(${JSON.stringify(moduleUrl('cli/process-io.js'))})
      const {openStdout, stdoutSink} = await import(${JSON.stringify(moduleUrl('outputs/sinks/stdout.js'))})
      processIo()
      const sink = stdoutSink(openStdout(), alert => alert.id)
      const write = () => sink.deliver([{id: 'x'}], new AbortController().signal).then(write)
      await write().catch(error => console.error(error.permanent))`
    const command = '"$0" --input-type=module -e "$1" | true'
    const {stderr} = await promisify(execFile)('bash', ['-c', command, process.execPath, script])
    assert.equal(stderr, 'true\n')
  })
})

function moduleUrl(path: string): string {
  return pathToFileURL(join(import.meta.dirname, '../../../src', path)).href
}
