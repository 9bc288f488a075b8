import assert from 'node:assert/strict'
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {failureOf, type Sink} from '../../../src/outputs/sink.ts'
import {programSink} from '../../../src/outputs/sinks/program.ts'
import type {ProgramConfig} from '../../../src/schema/config/output-config.ts'
import {mkAlert, mkAlerts} from '../../support/alerts.ts'
import {eventually} from '../../support/eventually.ts'

const signal = new AbortController().signal

describe('programSink', () => {
  let folder: string
  let out: string
  const sinks: Sink[] = []
  const mk = (script: string, changes: Partial<ProgramConfig> = {}): Sink => {
    const sink = programSink(
      {
        type: 'program',
        name: 'mine',
        command: ['sh', '-c', script, 'sh', out],
        keepOpen: true,
        timeoutMs: 5000,
        ...changes,
      },
      alert => `<${alert.id}>${alert.message.length > 99 ? alert.message : ''}`,
    )
    sinks.push(sink)
    return sink
  }
  const content = (): string => (existsSync(out) ? readFileSync(out, 'utf8') : '')
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'program-sink-'))
    out = join(folder, 'out')
  })
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.close()
    rmSync(folder, {recursive: true})
  })

  it('writes every delivery to one process', async () => {
    const sink = mk('echo start >> "$1"; cat >> "$1"')
    await sink.deliver(mkAlerts(2), signal)
    await sink.deliver([mkAlert({id: 'b'})], signal)
    await sink.close()
    assert.equal(content(), 'start\n<a1>\n<a2>\n<b>\n')
  })

  it('starts a process for each delivery when it is not kept open', async () => {
    const sink = mk('echo start >> "$1"; cat >> "$1"', {keepOpen: false})
    await sink.deliver([mkAlert({id: 'a'})], signal)
    await sink.deliver([mkAlert({id: 'b'})], signal)
    assert.equal(content(), 'start\n<a>\nstart\n<b>\n')
  })

  it('starts a program again that ended', async () => {
    const sink = mk('read line; echo "$line" >> "$1"; exit 3')
    await sink.deliver([mkAlert({id: 'a'})], signal)
    await eventually(async () => {
      await sink.deliver([mkAlert({id: 'b'})], signal).catch(() => {})
      return content().includes('<b>')
    })
  })

  const failures: {name: string; script: string; changes: Partial<ProgramConfig>; want: RegExp}[] =
    [
      {
        name: 'a program that ends with 1',
        script: 'cat > /dev/null; exit 1',
        changes: {keepOpen: false},
        want: /mine: the program ended with 1/,
      },
      {
        name: 'a program that is killed',
        script: 'kill -9 $$',
        changes: {keepOpen: false},
        want: /ended by SIGKILL/,
      },
      {
        name: 'a program that is not there',
        script: '',
        changes: {command: ['/no/such/program']},
        want: /cannot be started: ENOENT/,
      },
      {
        name: 'a program that takes too long',
        script: 'sleep 30',
        changes: {keepOpen: false, timeoutMs: 100},
        want: /not done within 100 ms/,
      },
    ]
  for (const {name, script, changes, want} of failures) {
    it(`fails for the moment at ${name}`, async () => {
      await assert.rejects(mk(script, changes).deliver(mkAlerts(1), signal), error => {
        const {delivered, permanent} = failureOf(error)
        assert.deepEqual({delivered, permanent}, {delivered: 0, permanent: false})
        assert.match(String(error), want)
        return true
      })
    })
  }

  it('gives up on a program that reads nothing, and holds nothing for it', async () => {
    const sink = mk('echo $$ > "$1"; exec sleep 30', {timeoutMs: 200})
    const long = Array.from({length: 8}, () => mkAlert({message: 'x'.repeat(65_536)}))
    await assert.rejects(sink.deliver(long, signal), /not done within 200 ms/)
    const pid = Number(content())
    await eventually(() => !existsSync(`/proc/${pid}`))
  })

  it('ends a program that does not end by itself', async () => {
    const sink = mk('echo $$ > "$1"; exec sleep 30')
    await sink.deliver(mkAlerts(1), signal)
    await eventually(() => content() !== '')
    const pid = Number(content())
    await sink.close()
    await eventually(() => !existsSync(`/proc/${pid}`))
  })

  it('stops when aborted', async () => {
    const abort = new AbortController()
    const delivery = mk('sleep 30', {keepOpen: false}).deliver(mkAlerts(1), abort.signal)
    abort.abort()
    await assert.rejects(delivery, /was interrupted/)
  })
})
