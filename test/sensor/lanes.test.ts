import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {HEADER} from '../../src/schema/record-layout.ts'
import {readLanes} from '../../src/sensor/lanes.ts'
import {MadeRing, type Reserved} from '../support/made-ring.ts'

type LaneName = 'state' | 'bulk'

/** One record as a thread makes it: it takes the time, then room in the ring, then finishes. Steps of the clock. */
interface Deed {
  readonly lane: LaneName
  readonly extraBytes: number
  readonly discard: boolean
}

interface Made {
  readonly id: number
  readonly lane: LaneName
  readonly stampedAt: number
  readonly reservedAt: number
}

/** Threads that run side by side, each doing one deed after the other, and a reader between them. */
interface Story {
  readonly threads: readonly (readonly Deed[])[]
  /** Which thread makes the next step; -1: the reader reads. */
  readonly schedule: readonly number[]
  readonly limits: readonly number[]
  /** Steps that threads make while the reader goes from one mark to the next, time after time. */
  readonly between: readonly (readonly number[])[]
  readonly start: number
}

const DATA = HEADER.size + 4
const BASE = 0x1_ffff_fff0

const deed = fc.record({
  lane: fc.constantFrom<LaneName>('state', 'bulk'),
  extraBytes: fc.nat(40),
  discard: fc.nat(5).map(number => number === 0),
})
const story: fc.Arbitrary<Story> = fc.record({
  threads: fc.array(fc.array(deed, {maxLength: 12}), {minLength: 1, maxLength: 4}),
  schedule: fc.array(fc.oneof(fc.nat(3), fc.constant(-1)), {maxLength: 80}),
  limits: fc.array(fc.integer({min: 1, max: 6}), {minLength: 1, maxLength: 4}),
  between: fc.array(fc.array(fc.nat(3), {maxLength: 8}), {minLength: 1, maxLength: 9}),
  start: fc.nat(1000).map(number => number * 8),
})

/** Plays a story; gives what was made, in the order of the ring, and the ids in the order in which they were handed over. */
function play({threads, schedule, limits, between, start}: Story): {
  made: Made[]
  handed: number[]
} {
  const made: Made[] = []
  const handed: number[] = []
  let clock = 0
  let marks = 0
  let reading = false
  let nextId = 1
  const running = threads.map(deeds => runThread(deeds))
  const step = (index: number): void => {
    clock++
    running[index % running.length]?.next()
  }
  // While the reader looks from one ring to the other, threads go on.
  const beforeMark = (): void => {
    if (!reading) return
    for (const who of between[marks++ % between.length]!) step(who)
  }
  const rings = {
    state: new MadeRing(512, {beforeMark, start}),
    bulk: new MadeRing(512, {beforeMark, start}),
  }
  const lanes = {state: rings.state.reader, bulk: rings.bulk.reader}

  function* runThread(deeds: readonly Deed[]): Generator<void> {
    for (const {lane, extraBytes, discard} of deeds) {
      const stampedAt = clock
      yield
      const id = nextId++
      const record: Reserved | undefined = rings[lane].reserve(DATA + extraBytes)
      if (record === undefined) continue
      if (!discard) made.push({id, lane, stampedAt, reservedAt: clock})
      yield
      const data = Buffer.alloc(DATA + extraBytes)
      data.writeBigUInt64LE(BigInt(BASE + stampedAt), HEADER.timestamp)
      data.writeUInt32LE(id, HEADER.size)
      record.finish(data, discard ? 'discard' : 'submit')
      yield
    }
  }

  const read = (limit: number): number => {
    reading = true
    const count = readLanes(
      lanes,
      (bytes, at, length) => {
        assert.ok(length >= DATA)
        handed.push(bytes.readUInt32LE(at + HEADER.size))
      },
      limit,
    )
    reading = false
    return count
  }
  for (const [index, who] of schedule.entries()) {
    if (who < 0) assert.ok(read(limits[index % limits.length]!) <= limits[index % limits.length]!)
    else step(who)
  }
  for (const thread of running) while (thread.next().done !== true) clock++
  while (read(5) > 0);
  return {made, handed}
}

describe('readLanes', () => {
  it('hands over every record once, and of two deeds that follow each other the earlier one first', () => {
    fc.assert(
      fc.property(story, told => {
        const {made, handed} = play(told)
        assert.deepEqual(
          [...handed].sort((left, right) => left - right),
          made.map(({id}) => id).sort((left, right) => left - right),
        )
        const place = new Map(handed.map((id, index) => [id, index]))
        for (const earlier of made) {
          for (const later of made) {
            if (earlier.reservedAt < later.stampedAt)
              assert.ok(place.get(earlier.id)! < place.get(later.id)!, `${earlier.id} ${later.id}`)
          }
        }
        for (const lane of ['state', 'bulk'] as const) {
          const own = made.filter(record => record.lane === lane).map(({id}) => id)
          assert.deepEqual(
            handed.filter(id => own.includes(id)),
            own,
            'each lane keeps its order',
          )
        }
      }),
      {numRuns: 3000},
    )
  })

  it('lets a state record wait for a bulk record that is still being written', () => {
    const [state, bulk] = [new MadeRing(512), new MadeRing(512)]
    const lanes = {state: state.reader, bulk: bulk.reader}
    const data = (time: number): Buffer => {
      const bytes = Buffer.alloc(DATA)
      bytes.writeBigUInt64LE(BigInt(time), HEADER.timestamp)
      bytes.writeUInt32LE(time, HEADER.size)
      return bytes
    }
    const open = bulk.reserve(DATA)!
    state.reserve(DATA)!.finish(data(2))
    const seen: number[] = []
    const read = (): number =>
      readLanes(lanes, (bytes, at) => seen.push(bytes.readUInt32LE(at + HEADER.size)), 10)
    assert.equal(read(), 0)
    open.finish(data(1))
    assert.equal(read(), 2)
    assert.deepEqual(seen, [1, 2])
  })
})
