import {CAPTURES} from '../../../src/schema/capture-table.ts'
import {HEADER, RECORD_LAYOUTS, type RecordLayout} from '../../../src/schema/record-layout.ts'

/** A value of a made-up record: a number, or bytes with the flags of their slot. */
export type MadeValue = bigint | {readonly bytes: string; readonly flags?: number}

/** What a made-up record is to hold; values that are left out are 0 or empty. */
export interface MadeRecord {
  readonly kind: string
  readonly uid?: number
  readonly gid?: number
  readonly values: Readonly<Record<string, MadeValue>>
  /** Bytes that stand before the data of each variable slot, as an earlier record may have left them. */
  readonly before?: string
}

/** The layout of a kind of record by its name. */
export function layoutNamed(kind: string): RecordLayout {
  return RECORD_LAYOUTS[CAPTURES.findIndex(capture => capture.kind === kind)]!
}

/** The bytes of a record as a kernel program writes it. */
export function madeRecord({kind, uid = 0, gid = 0, values, before = ''}: MadeRecord): Buffer {
  const layout = layoutNamed(kind)
  const head = Buffer.alloc(layout.fixedSize)
  head.writeBigUInt64LE(1_000_000_000n, HEADER.timestamp)
  head.writeUInt16LE(layout.index, HEADER.kind)
  head.writeUInt32LE(700, HEADER.tid)
  head.writeUInt32LE(700, HEADER.pid)
  head.writeUInt32LE(uid, HEADER.uid)
  head.writeUInt32LE(gid, HEADER.gid)
  head.writeBigUInt64LE(500_000_000n, HEADER.start)
  let data = ''
  for (const {name, offset, maxBytes} of layout.slots) {
    const value = values[name]
    if (maxBytes === 0) {
      head.writeBigInt64LE(BigInt.asIntN(64, typeof value === 'bigint' ? value : 0n), offset)
      continue
    }
    const {bytes, flags = 0} = typeof value === 'object' ? value : {bytes: ''}
    data += before
    head.writeUInt32LE(layout.fixedSize + data.length, offset)
    head.writeUInt16LE(bytes.length, offset + 4)
    head.writeUInt16LE(flags, offset + 6)
    data += bytes
  }
  return Buffer.concat([head, Buffer.from(data, 'latin1')])
}
