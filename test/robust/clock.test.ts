import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {followClock} from '../../src/app/detection/follow-clock.ts'
import {HEADER, RECORD_LAYOUTS} from '../../src/schema/record-layout.ts'
import {RecordEvent} from '../../src/sensor/decoder.ts'

const BOOT_NS = 1_700_000_000_000_000_000n
const SECOND = 1_000_000_000n
/** From boot to the event of the tests, by the clock of the kernel, which nobody can set. */
const EVENT_NS = 5n * SECOND

describe('times of events while the wall clock is set', () => {
  for (const {name, reads, want} of [
    {name: 'stay while it runs evenly', reads: [0n, 0n], want: 0n},
    {name: 'stay while reading it jitters', reads: [900_000n, -900_000n, 500n], want: 0n},
    {name: 'follow a step forward', reads: [0n, 3600n * SECOND], want: 3600n * SECOND},
    {name: 'follow a step back', reads: [-3600n * SECOND, -3600n * SECOND], want: -3600n * SECOND},
    {name: 'follow it to and fro', reads: [SECOND, -SECOND], want: -SECOND},
    {
      name: 'follow a slow drift once it is more than a millisecond',
      reads: [600_000n, 1_200_000n, 1_800_000n],
      want: 1_200_000n,
    },
  ]) {
    it(name, () => {
      const clock = {bootNs: BOOT_NS}
      const event = new RecordEvent(clock)
      const bytes = mkRecord()
      event.moveTo(bytes, 0, bytes.length)
      for (const moved of reads) followClock(clock, {bootNs: BOOT_NS + moved})
      assert.equal(event.timeNs(), BOOT_NS + EVENT_NS + want)
    })
  }
})

function mkRecord(): Buffer {
  const layout = RECORD_LAYOUTS[0]!
  const bytes = Buffer.alloc(layout.fixedSize)
  bytes.writeUInt16LE(layout.index, HEADER.kind)
  bytes.writeBigUInt64LE(EVENT_NS, HEADER.timestamp)
  return bytes
}
