/**
 * The highest number that was ever saved and how many alerts there were then, in a file of its own beside the store: when the store
 * comes back without its end, this says that there was more. Never synced, since after a loss of power it may be of before.
 *
 *     0                         8                        16
 *     number (big-endian double) alerts (same)           crc32
 */
import {closeSync, openSync, readFileSync, writeSync} from 'node:fs'
import {join} from 'node:path'
import {crc32} from 'node:zlib'

const NAME = 'mark'
const SIZE = 20
const CRC_AT = 16

/** What the mark says. */
export interface Marked {
  readonly number: number
  readonly live: number
}

/** A mark that can be set. */
export interface WaterMark {
  set(marked: Marked): void
  close(): void
}

/** What the mark in a folder says; zeros when there is none, or none that can be read. */
export function readWaterMark(folder: string): Marked {
  const none = {number: 0, live: 0}
  try {
    const bytes = readFileSync(join(folder, NAME))
    if (bytes.length !== SIZE || bytes.readUInt32BE(CRC_AT) !== crc32(bytes.subarray(0, CRC_AT)))
      return none
    const [number, live] = [bytes.readDoubleBE(0), bytes.readDoubleBE(8)]
    const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
    return isCount(number) && isCount(live) ? {number, live} : none
  } catch {
    // A new queue has none.
    return none
  }
}

/** Opens the mark of a folder for setting. One that cannot be written is left as it is. */
export function openWaterMark(folder: string): WaterMark {
  let fd: number | undefined
  try {
    // For appending, so that it is made if need be and never cut; then anew, since appending ignores places.
    closeSync(openSync(join(folder, NAME), 'a', 0o600))
    fd = openSync(join(folder, NAME), 'r+')
  } catch {
    // Without it less is known after damage, nothing else.
  }
  const bytes = Buffer.alloc(SIZE)
  return {
    set({number, live}) {
      if (fd === undefined) return
      bytes.writeDoubleBE(number, 0)
      bytes.writeDoubleBE(live, 8)
      bytes.writeUInt32BE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT)
      try {
        writeSync(fd, bytes, 0, SIZE, 0)
      } catch {
        // A mark of before only says less.
      }
    },
    close() {
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
}
