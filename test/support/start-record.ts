import type {StartLayout} from '../../src/schema/captures/start-records.ts'

/** A made-up record of a kernel iterator: numbers left out are 0, texts left out are empty. */
export function startRecord<N extends string, V extends string>(
  layout: StartLayout<N, V>,
  numbers: Partial<Record<N, number | bigint>>,
  texts: Partial<Record<V, readonly [text: string, flags: number]>> = {},
): Buffer {
  const record = Buffer.alloc(layout.maxSize)
  for (const [name, value] of Object.entries<number | bigint>(numbers as Record<N, number>))
    record.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), layout.numbers[name as N])
  let end = layout.fixedSize
  for (const [name, [text, flags]] of Object.entries<readonly [string, number]>(
    texts as Record<V, readonly [string, number]>,
  )) {
    const {offset} = layout.slots[name as V]
    record.writeUInt32LE(end, offset)
    record.writeUInt16LE(text.length, offset + 4)
    record.writeUInt16LE(flags, offset + 6)
    end += record.write(text, end, 'latin1')
  }
  record.writeUInt32LE(end, 0)
  record.writeUInt32LE(layout.kind, 4)
  return record.subarray(0, end)
}
