import assert from 'node:assert/strict'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {openControlServer} from '../../../../src/app/control/control-server.ts'
import {
  answerQueueOf,
  parseQueueRequest,
  type QueueAnswer,
} from '../../../../src/app/queue/queue-request.ts'
import {parseCommandLine} from '../../../../src/cli/args.ts'
import {COMMANDS} from '../../../../src/cli/commands.ts'
import {openDurableQueue} from '../../../../src/outputs/queue/durable-queue.ts'
import type {AlertQueue} from '../../../../src/outputs/queue.ts'
import {deliveryError, type Sink} from '../../../../src/outputs/sink.ts'
import {mkAlert} from '../../../support/alerts.ts'
import {eventually} from '../../../support/eventually.ts'
import {fakeIo} from '../../../support/io.ts'

describe('detector queue', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'queue-cli-'))
  })
  afterEach(() => rmSync(folder, {recursive: true}))

  /** Refuses alerts of the rule `bad` for good and the rest for now. */
  const refusing = (name: string): Sink => ({
    name,
    async deliver([first]) {
      throw deliveryError('answered 400', {permanent: first?.rule === 'bad'})
    },
    close: async () => {},
  })

  const openStore = async (sinks: readonly Sink[]): Promise<AlertQueue> => {
    const opened = await openDurableQueue(sinks, {folder: join(folder, 'q'), log: () => {}})
    assert.ok('queue' in opened)
    return opened.queue
  }

  const fill = async (): Promise<AlertQueue> => {
    const queue = await openStore([refusing(`file ${join(folder, 'out')}`)])
    queue.push(mkAlert({id: 'dead', rule: 'bad', priority: 'Error'}))
    for (const id of ['w1', 'w2']) queue.push(mkAlert({id, rule: `rule ${id}`}))
    await eventually(() => queue.stats().deadLettered === 1 && queue.stats().storage.saved === 3)
    return queue
  }

  const run = async (...words: string[]): Promise<{code: number; answer: QueueAnswer}> => {
    const io = fakeIo()
    const options = ['-o', `queue.path=${join(folder, 'q')}`, '-o', 'outputs.stdout.enabled=false']
    const place = words.includes('--socket')
      ? []
      : ['-o', `control.socket=${join(folder, 'none.sock')}`]
    const line = parseCommandLine(['queue', ...words, '--json', ...options, ...place], COMMANDS)
    assert.ok(line.kind === 'run')
    const code = await line.parsed.command.run(line.parsed, io)
    return {code, answer: JSON.parse(io.out()) as QueueAnswer}
  }

  it('looks into the store of a detector that does not run, and acts on it', async () => {
    await (await fill()).close()
    const {code, answer} = await run('status')
    assert.equal(code, 1)
    assert.deepEqual(
      answer.view.sinks.map(({configured, waiting, dead}) => [configured, waiting, dead]),
      [[false, 2, 1]],
    )
    assert.deepEqual(
      answer.view.deadLetters.map(({id}) => id),
      ['dead'],
    )
    assert.equal((await run('status', '--rule', 'rule w1')).answer.view.sinks[0]?.waiting, 1)
    assert.deepEqual((await run('purge', '--rule', '*w2')).answer.purged, {waiting: 1, dead: 0})
    assert.equal((await run('retry')).answer.retried, 1)
    assert.equal((await run('status')).code, 0)
    const file = ['-o', 'outputs.file.enabled=true', '-o', `outputs.file.filename=${folder}/out`]
    const drained = await run('drain', '--within', '10', ...file)
    assert.deepEqual([drained.code, drained.answer.drained], [0, true])
    assert.equal(readFileSync(join(folder, 'out'), 'utf8').trim().split('\n').length, 2)
  })

  it('asks the running detector', async () => {
    const queue = await fill()
    const path = join(folder, 'c.sock')
    const server = await openControlServer({
      path,
      ownsFolder: false,
      handlers: new Map([['queue', answerQueueOf(queue)]]),
    })
    assert.deepEqual((await run('purge', '--dead', '--socket', path)).answer.purged, {
      waiting: 0,
      dead: 1,
    })
    const drained = await run('drain', '--within', '0.1', '--socket', path)
    assert.deepEqual([drained.code, drained.answer.drained], [1, false])
    await server.close()
    await queue.close()
  })

  it('says who has the store', async () => {
    const queue = await openStore([])
    await assert.rejects(run('status'), {code: 'QUEUE_LOCKED', message: /pid \d+/})
    await queue.close()
  })

  it('wants a filter for purge, and a queue', async () => {
    await assert.rejects(run('purge'), {code: 'CLI_USAGE'})
    await assert.rejects(run('status'), {code: 'QUEUE_MISSING'})
  })

  it('shows a page without controls', async () => {
    const {queueText} = await import('../../../../src/cli/commands/queue/queue-text.ts')
    await (await fill()).close()
    const {answer} = await run('status')
    const sink = {...answer.view.sinks[0]!, sink: 'a\u001b[2Jb'}
    const text = queueText({view: {...answer.view, sinks: [sink]}}, false)
    assert.match(text, /output a\ufffd\[2Jb \(not open here\): 2 waiting \(Warning 2\)/)
    assert.match(text, /bad \(dead\): answered 400/)
  })

  const requests: {name: string; value: unknown}[] = [
    {name: 'nothing', value: undefined},
    {name: 'an unknown action', value: {action: 'drop', selection: {}, withinMs: 1}},
    {name: 'a wait without end', value: {action: 'drain', selection: {}, withinMs: 1e12}},
    {name: 'a wrong filter', value: {action: 'purge', selection: {sink: 1}, withinMs: 1}},
    {name: 'no filters', value: {action: 'purge', withinMs: 1}},
  ]
  for (const {name, value} of requests)
    it(`refuses a request with ${name}`, () => assert.equal(parseQueueRequest(value), undefined))
})
