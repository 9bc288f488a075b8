import {untilNul} from '../../schema/bytes.ts'
import type {MetadataSink} from '../../state/metadata.ts'
import type {ByteReader} from './byte-reader.ts'

const PADDING_BYTES = 4
const HOSTNAME_BYTES = 128

/** Reads the machine block. @throws CutShort */
export function readMachine(reader: ByteReader, sink: MetadataSink): void {
  const cpus = reader.u32()
  reader.skip(16)
  const hostname = untilNul(reader.text(HOSTNAME_BYTES))
  sink.machine({cpus, hostname, bootNs: reader.left >= 8 ? reader.u64() : 0n})
}

/** Reads the block with accounts and groups. `version` is 1 or 2. @throws CutShort */
export function readUserList(reader: ByteReader, version: number, sink: MetadataSink): void {
  while (reader.left >= PADDING_BYTES) {
    const entry = version === 2 ? reader.part(Math.max(0, reader.u32() - 4)) : reader
    if (entry.u8() === 0) {
      const uid = entry.u32()
      entry.skip(4)
      const [name, home, shell] = [entry.shortText(), entry.shortText(), entry.shortText()]
      sink.user({uid, name, home, shell})
    } else {
      sink.group({gid: entry.u32(), name: entry.shortText()})
    }
  }
}

/** Reads the block with the machine's addresses. `version` is 1 or 2. @throws CutShort */
export function readInterfaceList(reader: ByteReader, version: number, sink: MetadataSink): void {
  while (reader.left >= PADDING_BYTES) {
    // Unlike in the other lists the length does not count itself.
    const entry = version === 2 ? reader.part(reader.u32()) : reader
    const type = entry.u16()
    const nameLength = entry.u16()
    const size = type === 1 || type === 3 ? 4 : type === 2 || type === 4 ? 16 : undefined
    if (size === undefined) {
      if (version === 2) continue
      return
    }
    const address = entry.text(size)
    const netmask = entry.text(size)
    entry.skip(size)
    if (type <= 2) entry.skip(8)
    entry.skip(nameLength)
    sink.networkInterface({address, netmask})
  }
}
