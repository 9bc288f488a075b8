import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {openDurableQueue} from '../../../src/outputs/queue/durable-queue.ts'
import type {AlertQueue} from '../../../src/outputs/queue.ts'
import {deliveryError, type Sink} from '../../../src/outputs/sink.ts'
import type {Timers} from '../../../src/outputs/timers.ts'
import {mkAlert} from '../../support/alerts.ts'
import {eventually} from '../../support/eventually.ts'
import {fakeTimers} from '../../support/fake-timers.ts'

/** A sink that takes everything, or nothing. */
function mkSink(name: string, isUp: boolean): Sink & {readonly taken: string[]; isUp: boolean} {
  const sink = {
    name,
    taken: [] as string[],
    isUp,
    async deliver(alerts: readonly {readonly id: string}[]) {
      if (!sink.isUp) throw deliveryError('down')
      sink.taken.push(...alerts.map(({id}) => id))
    },
    close: async () => {},
  }
  return sink
}

/** Alerts of about 1 KB with the ids `PREFIX1` to `PREFIXn`. */
function mkLarge(prefix: string, count: number) {
  return Array.from({length: count}, (_, index) =>
    mkAlert({id: `${prefix}${index + 1}`, message: `${index} `.repeat(200)}),
  )
}

describe('a durable queue', () => {
  let folder: string
  let logged: string[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'queue-faults-'))
    logged = []
  })
  afterEach(() => rmSync(folder, {recursive: true, force: true}))

  const open = async (
    sinks: readonly Sink[],
    more: {folder?: string; timers?: Timers; maxBytes?: number} = {},
  ): Promise<AlertQueue> => {
    const opened = await openDurableQueue(sinks, {
      folder,
      log: (level, message) => logged.push(`${level}: ${message}`),
      ...more,
    })
    assert.ok('queue' in opened)
    return opened.queue
  }

  /** Leaves alerts in the store that a sink `s` has not taken. */
  const leave = async (count: number, names: readonly string[] = ['s']): Promise<void> => {
    const queue = await open(names.map(name => mkSink(name, false)))
    for (const alert of mkLarge('a', count)) queue.push(alert)
    await eventually(() => queue.stats().storage.saved === count)
    await queue.close()
    assert.equal(queue.stats().kept, count * names.length)
  }

  const ids = (prefix: string, count: number): string[] => mkLarge(prefix, count).map(({id}) => id)

  it('delivers after the next start what an earlier run left, before what is new', async () => {
    await leave(300)
    const sink = mkSink('s', true)
    const queue = await open([sink])
    queue.push(mkAlert({id: 'new'}))
    assert.equal(await queue.drain(10_000), true)
    assert.deepEqual(sink.taken, [...ids('a', 300), 'new'])
    const {recovered, accepted, delivered} = queue.stats()
    assert.deepEqual([recovered, accepted, delivered], [300, 1, 301])
    await queue.close()
    const again = await open([sink])
    await again.look({})
    assert.equal(again.stats().recovered, 0)
    await again.close()
    assert.deepEqual(
      logged.filter(line => !line.includes('down')),
      [],
    )
  })

  it('remembers what each sink has taken', async () => {
    const up = mkSink('up', true)
    const first = await open([up, mkSink('down', false)])
    for (const alert of mkLarge('a', 50)) first.push(alert)
    await eventually(() => up.taken.length === 50)
    await first.close()
    const down = mkSink('down', true)
    const second = await open([up, down])
    assert.equal(await second.drain(10_000), true)
    await second.close()
    assert.deepEqual([up.taken.length, down.taken.length], [50, 50])
  })

  it('keeps alerts for a sink that is not there now', async () => {
    await leave(10, ['gone', 'other'])
    const other = mkSink('other', true)
    const second = await open([other])
    assert.equal(await second.drain(10_000), true)
    const view = await second.look({})
    assert.deepEqual(
      view.sinks.map(({sink, configured, waiting}) => [sink, configured, waiting]),
      [
        ['other', true, 0],
        ['gone', false, 10],
      ],
    )
    await second.close()
    const gone = mkSink('gone', true)
    const third = await open([gone])
    assert.equal(await third.drain(10_000), true)
    await third.close()
    assert.deepEqual([other.taken.length, gone.taken.length], [10, 10])
  })

  it('keeps dead letters, and gives them back to their sink on retry', async () => {
    let isPicky = true
    const taken: string[] = []
    const picky = (): Sink => ({
      name: 'picky',
      async deliver(alerts) {
        if (isPicky) throw deliveryError('answered 400', {permanent: true})
        taken.push(...alerts.map(({id}) => id))
      },
      close: async () => {},
    })
    const first = await open([picky()])
    for (const alert of mkLarge('a', 3)) first.push(alert)
    assert.equal(await first.drain(10_000), true)
    await first.close()
    isPicky = false
    const second = await open([picky()])
    assert.equal((await second.look({})).deadLetters.length, 3)
    assert.equal(await second.retry({sink: 'picky'}), 3)
    assert.equal(await second.drain(10_000), true)
    await second.close()
    assert.deepEqual(taken, ids('a', 3))
    const third = await open([picky()])
    assert.equal((await third.look({})).deadLetters.length, 0)
    await third.close()
  })

  it('gives up the oldest of the lowest priority when the room is used up', async () => {
    const queue = await open([mkSink('s', false)], {maxBytes: 100_000})
    for (const [index, alert] of mkLarge('a', 300).entries())
      queue.push({...alert, priority: index % 2 === 0 ? 'Critical' : 'Notice'})
    const {storage, dropped, pending} = queue.stats()
    assert.ok(storage.bytes <= 100_000)
    assert.equal(dropped, storage.dropped.noRoom)
    assert.equal(dropped + pending, 300)
    const view = await queue.look({})
    assert.equal(view.sinks[0]?.byPriority['Notice'] ?? 0, Math.max(0, pending - 150))
    await queue.close()
    const again = await open([])
    assert.equal((await again.look({})).sinks[0]?.waiting, pending)
    await again.close()
  })

  it('says which process has the store', async () => {
    const queue = await open([])
    const second = await openDurableQueue([], {folder, log: () => {}})
    assert.deepEqual(second, {locked: `the detector with pid ${process.pid}`})
    await queue.close()
  })

  it('loses nothing but the torn end, and says how much', async () => {
    await leave(200)
    const log = logFile(folder)
    truncateSync(log, Math.floor(statSync(log).size * 0.5))
    await assertCounted(200)
  })

  it('survives flipped bits anywhere in its files, and counts what they cost', async function () {
    this.timeout(120_000)
    const rounds = process.env['ROBUST'] === 'full' ? 100 : 12
    let seed = 12_345
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    for (let round = 0; round < rounds; round++) {
      rmSync(folder, {recursive: true})
      mkdirSync(folder)
      await leave(400)
      // The second start moves what is in the log into tables.
      if (round % 2 === 0) await (await open([])).close()
      const files = readdirSync(join(folder, 'store')).filter(name => name !== 'LOCK')
      const path = join(folder, 'store', files[random(files.length)]!)
      const bytes = readFileSync(path)
      for (let flips = 1 + random(4); flips > 0 && bytes.length > 0; flips--)
        bytes[random(bytes.length)]! ^= 1 << random(8)
      writeFileSync(path, bytes)
      await assertCounted(400)
    }
  })

  /** Everything that was stored is delivered or counted as damaged; nothing is made up. */
  const assertCounted = async (stored: number): Promise<void> => {
    logged = []
    const sink = mkSink('s', true)
    const queue = await open([sink])
    queue.push(mkAlert({id: 'after'}))
    assert.equal(await queue.drain(20_000), true)
    const {storage} = queue.stats()
    await queue.close()
    const known = new Set([...ids('a', stored), 'after'])
    assert.deepEqual(
      sink.taken.filter(id => !known.has(id)),
      [],
    )
    assert.ok(sink.taken.includes('after'))
    const lost = stored + 1 - new Set(sink.taken).size
    assert.ok(storage.dropped.damaged >= lost, `${lost} lost, ${storage.dropped.damaged} counted`)
    if (lost > 0) assert.ok(logged.some(line => line.startsWith('error')))
  }

  it('sets a store aside that cannot be opened, says so and goes on with what can be read', async () => {
    await leave(20)
    writeFileSync(join(folder, 'store', 'CURRENT'), 'nonsense\n')
    const sink = mkSink('s', true)
    const queue = await open([sink])
    queue.push(mkAlert({id: 'after'}))
    assert.equal(await queue.drain(10_000), true)
    await queue.close()
    assert.deepEqual(sink.taken, [...ids('a', 20), 'after'])
    assert.equal(readdirSync(folder).filter(name => name.includes('damaged')).length, 1)
    assert.ok(logged.some(line => line.startsWith('error') && line.includes('set aside')))
  })

  it('goes on in memory when the place cannot be used', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const sink = mkSink('s', true)
    const queue = await open([sink], {folder: join(file, 'below')})
    queue.push(mkAlert({id: 'x'}))
    assert.equal(await queue.drain(10_000), true)
    assert.deepEqual(sink.taken, ['x'])
    const {engine, atRisk} = queue.stats().storage
    assert.deepEqual([engine, atRisk], ['disk-failing', 1])
    assert.ok(logged.some(line => line.startsWith('error') && line.includes('memory')))
    await queue.close()
  })

  describe('on a small file system of its own', () => {
    let mount: string
    beforeEach(function () {
      mount = join(folder, 'mnt')
      mkdirSync(mount)
      if (process.getuid?.() !== 0) return this.skip()
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', mount], {stdio: 'pipe'})
      } catch {
        this.skip()
      }
    })
    afterEach(() => {
      try {
        execFileSync('umount', [mount], {stdio: 'pipe'})
      } catch {
        // It was never mounted: the test was skipped.
      }
    })

    it('goes on in memory while the disk is full, and saves everything when it is not', async () => {
      const timers = fakeTimers()
      const sink = mkSink('s', false)
      const place = join(mount, 'queue')
      const queue = await open([sink], {folder: place, timers})
      for (const alert of mkLarge('a', 50)) queue.push(alert)
      await eventually(() => queue.stats().storage.saved === 50)
      const ballast = join(mount, 'ballast')
      execFileSync('sh', ['-c', `dd if=/dev/zero of=${ballast} bs=64k 2>/dev/null || true`])
      let pushed = 50
      await eventually(
        () => {
          for (const alert of mkLarge(`b${pushed}-`, 100)) queue.push(alert)
          pushed += 100
          return queue.stats().storage.engine === 'disk-failing'
        },
        {withinMs: 20_000},
      )
      assert.ok(queue.stats().storage.atRisk > 0)
      assert.ok(logged.some(line => line.startsWith('error') && line.includes('cannot be written')))
      rmSync(ballast)
      timers.advance(5000)
      await eventually(
        () => queue.stats().storage.saved >= pushed && queue.stats().storage.engine === 'disk',
      )
      assert.equal(queue.stats().pending, pushed)
      await queue.close()
      assert.equal(queue.stats().kept, pushed)
      const up = mkSink('s', true)
      const again = await open([up], {folder: place})
      assert.equal(await again.drain(20_000), true)
      await again.close()
      assert.equal(new Set(up.taken).size, pushed)
    })

    it('starts in memory on a read-only disk, and takes the store over when it can be written', async () => {
      const place = join(mount, 'queue')
      const first = await open([mkSink('s', false)], {folder: place})
      for (const alert of mkLarge('a', 20)) first.push(alert)
      await eventually(() => first.stats().storage.saved === 20)
      await first.close()
      execFileSync('mount', ['-o', 'remount,ro', mount])
      const timers = fakeTimers()
      const sink = mkSink('s', true)
      const queue = await open([sink], {folder: place, timers})
      queue.push(mkAlert({id: 'new'}))
      await eventually(() => sink.taken.length === 1)
      assert.equal(queue.stats().storage.engine, 'disk-failing')
      execFileSync('mount', ['-o', 'remount,rw', mount])
      timers.advance(5000)
      await eventually(() => sink.taken.length === 21)
      assert.equal(queue.stats().recovered, 20)
      assert.equal(queue.stats().storage.engine, 'disk')
      await queue.close()
    })
  })

  it('keeps its folder for the owner alone', async () => {
    const place = join(folder, 'own')
    const queue = await open([], {folder: place})
    await queue.close()
    assert.equal(statSync(place).mode & 0o777, 0o700)
    chmodSync(place, 0o700)
  })
})

/** The newest log of the store. */
function logFile(folder: string): string {
  const logs = readdirSync(join(folder, 'store')).filter(name => name.endsWith('.log'))
  return join(folder, 'store', logs.sort().at(-1)!)
}
