/**
 * The queue: alerts a second that are taken, stored for good and delivered, on both engines; and what the process needs in memory
 * while a million alerts wait on disk. Delivery goes to a sink that only counts, so that the queue is measured and no receiver.
 */
import {spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {openMemoryQueue} from '../src/outputs/memory-queue.ts'
import {openDurableQueue} from '../src/outputs/queue/durable-queue.ts'
import type {AlertQueue} from '../src/outputs/queue.ts'
import {deliveryError, type Sink} from '../src/outputs/sink.ts'
import type {Alert} from '../src/schema/alert.ts'
import type {BenchmarkResult} from './benchmarks.ts'
import {machine, median} from './harness.ts'

/** Alerts of one measurement, and how often it is repeated. */
const ALERTS = 50_000
const REPEATS = 3
/** Alerts that wait when memory is measured. */
const WAITING = 1_000_000

interface RateCase {
  readonly engine: 'memory' | 'disk'
  readonly what: 'delivered'
  readonly alerts: number
  /** Median of the repeats: from the first push until the last delivery. */
  readonly perSecond: number
  /** Alerts a second until the last was on disk for good. */
  readonly storedPerSecond: number | null
  /** Time of one push, microseconds. */
  readonly pushUs: number
}

/** Memory of the process while alerts wait. */
interface MemoryCase {
  readonly engine: 'disk'
  readonly what: 'waiting'
  readonly alerts: number
  readonly storeMib: number
  readonly anonymousMib: number
  readonly anonymousPeakMib: number
  readonly reopenMs: number
  readonly anonymousAfterReopenMib: number
}

/** Measures the queue. */
export async function run(): Promise<BenchmarkResult> {
  const cases: object[] = []
  for (const engine of ['memory', 'disk'] as const) cases.push(await rateOf(engine))
  cases.push(memoryOfMillion())
  return {name: 'queue', machine: machine(), cases}
}

async function rateOf(engine: 'memory' | 'disk'): Promise<RateCase> {
  const rates: number[] = []
  const stored: number[] = []
  const pushes: number[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const folder = mkdtempSync(join(tmpdir(), 'queue-bench-'))
    try {
      const counter = countingSink()
      const queue = await open(engine, folder, counter)
      const start = performance.now()
      let pushMs = 0
      for (let index = 0; index < ALERTS; ) {
        const from = performance.now()
        for (const end = index + 100; index < end; index++) queue.push(mkAlert(index))
        pushMs += performance.now() - from
        await new Promise(resolve => setImmediate(resolve))
      }
      let storedMs: number | undefined
      while (counter.count < ALERTS) {
        if (queue.stats().storage.saved === ALERTS) storedMs ??= performance.now() - start
        await new Promise(resolve => setTimeout(resolve, 1))
      }
      const tookMs = performance.now() - start
      rates.push((ALERTS / tookMs) * 1000)
      stored.push((ALERTS / (storedMs ?? tookMs)) * 1000)
      pushes.push((pushMs / ALERTS) * 1000)
      await queue.close()
    } finally {
      rmSync(folder, {recursive: true})
    }
  }
  return {
    engine,
    what: 'delivered',
    alerts: ALERTS,
    perSecond: Math.round(median(rates)),
    storedPerSecond: engine === 'disk' ? Math.round(median(stored)) : null,
    pushUs: Number(median(pushes).toPrecision(3)),
  }
}

/** In a process of its own, whose memory nothing else uses. */
function memoryOfMillion(): MemoryCase {
  const self = fileURLToPath(import.meta.url)
  const child = spawnSync(process.execPath, ['--expose-gc', self, 'million'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`the measurement of memory ended with ${child.status}`)
  return JSON.parse(child.stdout) as MemoryCase
}

async function measureMillion(): Promise<MemoryCase> {
  const folder = mkdtempSync(join(tmpdir(), 'queue-bench-'))
  try {
    let peak = 0
    const first = await open('disk', folder, deadSink())
    for (let index = 0; index < WAITING; ) {
      for (const end = index + 200; index < end; index++) first.push(mkAlert(index))
      await new Promise(resolve => setImmediate(resolve))
      if (index % 10_000 === 0) peak = Math.max(peak, anonymousMib())
      // Not faster than the disk: the room in memory for what waits for it is measured elsewhere.
      while (index - first.stats().storage.saved > 5000)
        await new Promise(resolve => setTimeout(resolve, 1))
    }
    while (first.stats().storage.saved < WAITING)
      await new Promise(resolve => setTimeout(resolve, 5))
    const {bytes} = first.stats().storage
    const anonymous = anonymousMib()
    await first.close()
    const from = performance.now()
    const second = await open('disk', folder, deadSink())
    await second.look({})
    const reopenMs = Math.round(performance.now() - from)
    peak = Math.max(peak, anonymousMib())
    if (second.stats().recovered !== WAITING) throw new Error('not everything came back')
    const afterReopen = anonymousMib()
    await second.close()
    return {
      engine: 'disk',
      what: 'waiting',
      alerts: WAITING,
      storeMib: Math.round(bytes / 2 ** 20),
      anonymousMib: anonymous,
      anonymousPeakMib: peak,
      reopenMs,
      anonymousAfterReopenMib: afterReopen,
    }
  } finally {
    rmSync(folder, {recursive: true})
  }
}

function anonymousMib(): number {
  const text = readFileSync('/proc/self/status', 'latin1')
  return Math.round(Number(/^RssAnon:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024)
}

async function open(engine: 'memory' | 'disk', folder: string, sink: Sink): Promise<AlertQueue> {
  if (engine === 'memory') return openMemoryQueue([sink], {maxBytes: 2 ** 30})
  const opened = await openDurableQueue([sink], {folder, maxBytes: 2 ** 32, log: () => {}})
  if ('locked' in opened) throw new Error('the store of the benchmark is locked')
  return opened.queue
}

function countingSink(): Sink & {count: number} {
  const sink = {
    name: 'counter',
    count: 0,
    async deliver(alerts: readonly Alert[]) {
      sink.count += alerts.length
    },
    close: async () => {},
  }
  return sink
}

function deadSink(): Sink {
  return {
    name: 'dead',
    async deliver() {
      throw deliveryError('down')
    },
    close: async () => {},
  }
}

/** An alert of about 500 bytes. */
function mkAlert(index: number): Alert {
  return {
    id: `bench-${index}`,
    timeNs: 1_700_000_000_000_000_000n + BigInt(index),
    hostname: 'host',
    rule: 'Read sensitive file untrusted',
    priority: 'Warning',
    source: 'syscall',
    tags: ['filesystem', 'host', 'maturity_stable'],
    message: `Sensitive file opened for reading (file=/etc/shadow user=root process=cat pid=${index} parent=bash)`,
    fields: [
      ['fd.name', '/etc/shadow'],
      ['user.name', 'root'],
      ['proc.name', 'cat'],
      ['proc.cmdline', 'cat /etc/shadow'],
      ['proc.pid', index],
      ['proc.pname', 'bash'],
    ],
    generation: 1,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === 'million')
  process.stdout.write(JSON.stringify(await measureMillion()))
