import assert from 'node:assert/strict'
import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {COUNTER} from '../../src/compiler/bpf/drop-counters.ts'
import {MAP_NAME} from '../../src/compiler/bpf/map-names.ts'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import {readBootClock} from '../../src/sensor/boot-clock.ts'
import {RecordEvent} from '../../src/sensor/decoder.ts'
import type {Sensor} from '../../src/sensor/sensor.ts'
import {compileC} from '../support/compile-c.ts'
import {requireLive} from '../support/live.ts'
import {everyKind, openSensor, type WantedKinds} from '../support/open-sensor.ts'

/** What is written to an event counter. */
const ONE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])

const indexOf = (kind: string): number => CAPTURES.findIndex(capture => capture.kind === kind)

function onlyKinds(...names: string[]): WantedKinds {
  const {kinds} = everyKind()
  const chosen = names.map(name => [indexOf(name), kinds.get(indexOf(name))!] as const)
  return {kinds: new Map(chosen), entryCopies: new Set()}
}

/** The counters of a kind, of the whole host. */
function counts(
  sensor: Sensor,
  kind: string,
): Record<Exclude<keyof typeof COUNTER, 'size'>, number> {
  const words = sensor.sum(MAP_NAME.counters, indexOf(kind)).map(Number)
  const {size: _, ...places} = COUNTER
  return Object.fromEntries(
    Object.entries(places).map(([name, at]) => [name, words[at / 8]!]),
  ) as ReturnType<typeof counts>
}

/** Records of the kinds of a process and its children, by kind. */
function readByKind(sensor: Sensor, makers: Set<number>): Map<string, number> {
  const found = new Map<string, number>()
  const event = new RecordEvent(readBootClock())
  sensor.read((bytes, start, length) => {
    event.moveTo(bytes, start, length)
    if (event.kind === 'new_task' && makers.has(Number(event.get('$maker')))) makers.add(event.pid)
    if (makers.has(event.pid)) found.set(event.kind, (found.get(event.kind) ?? 0) + 1)
  })
  return found
}

describe('drops', function () {
  this.timeout(60_000)
  let folder: string
  let burst: string
  let drops: string

  before(function () {
    requireLive(this as never, {feature: 'drop counters'})
    folder = mkdtempSync(join(tmpdir(), 'detector-drops-'))
    burst = compileC(this as never, 'burst', folder)
    drops = compileC(this as never, 'drops', folder)
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  it('of a flood of opens take no exec and no exit with them', () => {
    const execs = 60
    const sensor = openSensor(onlyKinds('openat', 'exec', 'new_task', 'procexit'), {
      rings: {stateBytes: 1 << 20, bulkBytes: 1 << 16},
    })
    try {
      sensor.attach()
      const flood = spawnSync(burst, ['open', '20000', burst])
      const family = spawnSync(burst, ['exec', String(execs), '/bin/true'])
      assert.deepEqual([flood.status, family.status], [0, 0])
      sensor.detach()
      const found = readByKind(sensor, new Set([family.pid]))
      // The program itself was exec'd as well, and ended.
      assert.equal(found.get('exec'), execs + 1)
      assert.equal(found.get('procexit'), execs + 1)
      assert.equal(counts(sensor, 'exec').full, 0)
      const opens = counts(sensor, 'openat')
      assert.ok(opens.full > 10_000, JSON.stringify(opens))
      assert.equal(opens.seen, opens.passed + opens.full + opens.tooLarge)
    } finally {
      sensor.close()
    }
  })

  it('are told apart: too large for the ring, cut, not readable', () => {
    for (const [bulkBytes, name] of [
      [1 << 12, 'small'],
      [1 << 20, 'large'],
    ] as const) {
      const sensor = openSensor(onlyKinds('open'), {rings: {stateBytes: 1 << 12, bulkBytes}})
      try {
        sensor.attach()
        const child = spawnSync(drops, [folder])
        sensor.detach()
        assert.equal(child.status, 0)
        const opens = counts(sensor, 'open')
        assert.equal(opens.seen, opens.passed + opens.full + opens.tooLarge)
        assert.ok(opens.cut >= 1 && opens.fault >= 1, JSON.stringify(opens))
        const found = readByKind(sensor, new Set([child.pid])).get('open')
        if (name === 'small') assert.ok(opens.tooLarge >= 1 && (found ?? 0) <= 2)
        else assert.deepEqual([opens.tooLarge, found], [0, 3])
      } finally {
        sensor.close()
      }
    }
  })
})

describe('waiting for records', function () {
  this.timeout(60_000)

  it('ends at once when a burst fills a quarter of a ring', function (done) {
    requireLive(this as never, {feature: 'wake-ups by fill'})
    const folder = mkdtempSync(join(tmpdir(), 'detector-wake-'))
    const burst = compileC(this as never, 'burst', folder)
    const sensor = openSensor(onlyKinds('openat'), {
      rings: {stateBytes: 1 << 12, bulkBytes: 1 << 18},
    })
    sensor.attach()
    const child = spawn(burst, ['open', '3000', burst])
    child.on('close', () => {
      sensor.close()
      rmSync(folder, {recursive: true, force: true})
      done()
    })
    const started = performance.now()
    sensor.wait(10_000)
    const waitedMs = performance.now() - started
    assert.ok(sensor.backlogBytes >= 1 << 16, `${sensor.backlogBytes} bytes`)
    assert.ok(waitedMs < 5000, `${waitedMs} ms`)
  })

  it('is ended by each write to the wake descriptor, and lasts otherwise', function () {
    requireLive(this, {feature: 'wake-ups by fill'})
    const sensor = openSensor(onlyKinds('openat'))
    try {
      const timed = (timeoutMs: number): number => {
        const started = performance.now()
        sensor.wait(timeoutMs)
        return performance.now() - started
      }
      for (let round = 0; round < 2; round++) {
        writeSync(sensor.wakeFd, ONE)
        assert.ok(timed(5000) < 4000, 'a write ends the wait')
        assert.ok(timed(30) >= 25, 'an old write does not')
      }
    } finally {
      sensor.close()
    }
  })
})
