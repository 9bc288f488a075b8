/**
 * A process for tests to kill: pushes alerts at a rate into the queue of a folder and writes down what its sinks take.
 * Arguments: the folder, the prefix of the ids, alerts a second. Writes lines `saved N` (of this process) to `FOLDER/PREFIX.saved`
 * and ids to `FOLDER/SINK.taken`.
 */
import {appendFileSync} from 'node:fs'
import {join} from 'node:path'
import {openDurableQueue} from '../../../src/outputs/queue/durable-queue.ts'
import {deliveryError, type Sink} from '../../../src/outputs/sink.ts'
import {mkAlert} from '../../support/alerts.ts'

const [folder = '', prefix = '', perSecond = '0'] = process.argv.slice(2)

/** Takes everything, but for a failure now and then. */
function mkSink(name: string, failEvery: number): Sink {
  let calls = 0
  return {
    name,
    async deliver(alerts) {
      const bad = ++calls % failEvery === 0
      const taken = bad ? alerts.slice(0, alerts.length >> 1) : alerts
      if (taken.length > 0)
        appendFileSync(join(folder, `${name}.taken`), taken.map(({id}) => `${id}\n`).join(''))
      if (bad) throw deliveryError('now and then', {delivered: taken.length})
    },
    close: async () => {},
  }
}

const opened = await openDurableQueue([mkSink('one', 7), mkSink('two', 1000)], {
  folder: join(folder, 'queue'),
  log: (level, message) => {
    if (level === 'error') process.stderr.write(`${message}\n`)
  },
})
if (!('queue' in opened)) throw new Error(`locked by ${opened.locked}`)
const {queue} = opened
process.stdout.write('ready\n')

if (Number(perSecond) === 0) {
  const isDone = await queue.drain(60_000)
  await queue.close()
  process.exit(isDone ? 0 : 1)
}

let pushed = 0
const startMs = performance.now()
let told = -1
setInterval(() => {
  const wanted = ((performance.now() - startMs) * Number(perSecond)) / 1000
  for (; pushed < wanted; pushed++) queue.push(mkAlert({id: `${prefix}-${pushed}`}))
  const {saved} = queue.stats().storage
  if (saved !== told) appendFileSync(join(folder, `${prefix}.saved`), `${saved}\n`)
  told = saved
}, 2)
