import type {EventDef} from '../../schema/event-pair.ts'
import {eventByCode} from '../../schema/event-table.ts'
import {ByteReader, CutShort} from './byte-reader.ts'

/** An event as a capture holds it: parameters by position, an empty one is missing. */
export interface RawEvent {
  readonly timeNs: bigint
  readonly tid: number
  readonly cpu: number
  readonly def: EventDef
  readonly params: readonly Buffer[]
  /** It is there only to keep the state in step; no rule sees it. */
  readonly stateOnly: boolean
}

/** Forms of event blocks by their type. */
export const EVENT_BLOCKS: ReadonlyMap<
  number,
  {readonly version: 1 | 2; readonly flags: boolean; readonly large: boolean}
> = new Map([
  [0x204, {version: 1, flags: false, large: false}],
  [0x8010abcd, {version: 1, flags: false, large: false}],
  [0x208, {version: 1, flags: true, large: false}],
  [0x216, {version: 2, flags: false, large: false}],
  [0x217, {version: 2, flags: true, large: false}],
  [0x221, {version: 2, flags: false, large: true}],
  [0x222, {version: 2, flags: true, large: true}],
])

/** Codes whose length is 3 too big in blocks of version 1. */
const OVERSTATED: ReadonlySet<number> = new Set([280, 286])
const HEADER_BYTES = {1: 22, 2: 26} as const
const STATE_ONLY = 1

/**
 * Reads the event of a block body. Gives undefined for codes that no table knows.
 * @throws CutShort when the event does not fit its block
 */
export function readEvent(
  bytes: Buffer,
  start: number,
  end: number,
  blockType: number,
): RawEvent | undefined {
  const form = EVENT_BLOCKS.get(blockType)!
  const reader = new ByteReader(bytes, start, end)
  const cpu = reader.u16()
  const flags = form.flags ? reader.u32() : 0
  const timeNs = reader.u64()
  const tid = reader.id()
  const length = reader.u32()
  const code = reader.u16()
  const def = eventByCode(code)
  if (def === undefined) return undefined
  const count = form.version === 2 ? reader.u32() : undefined
  const spare = form.version === 1 && OVERSTATED.has(code) ? 3 : 0
  const payload = reader.part(length - HEADER_BYTES[form.version] - spare)
  const stateOnly = (flags & STATE_ONLY) !== 0
  const params = readParams(payload, bytes, count ?? def.params.length, {
    guess: count === undefined,
    wide: form.large || def.flags.includes('large_payload'),
  })
  return {timeNs, tid, cpu, def, params: params.slice(0, def.params.length), stateOnly}
}

/** Blocks of version 1 do not say how many parameters there are: the largest number that fills the event is it. */
function readParams(
  payload: ByteReader,
  bytes: Buffer,
  most: number,
  {guess, wide}: {readonly guess: boolean; readonly wide: boolean},
): Buffer[] {
  const {at, left} = payload
  const width = wide ? 4 : 2
  if (!guess && most * width > left) throw new CutShort()
  for (let count = Math.min(most, Math.floor(left / width)); count >= 0; count--) {
    let total = count * width
    const lengths: number[] = []
    for (let i = 0; i < count; i++) {
      const length = wide ? bytes.readUInt32LE(at + i * 4) : bytes.readUInt16LE(at + i * 2)
      lengths.push(length)
      total += length
    }
    if (total === left) return slices(bytes, at + count * width, lengths)
    if (!guess) break
  }
  throw new CutShort()
}

function slices(bytes: Buffer, start: number, lengths: readonly number[]): Buffer[] {
  let at = start
  return lengths.map(length => {
    const slice = bytes.subarray(at, at + length)
    at += length
    return slice
  })
}
