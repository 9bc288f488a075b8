import type {ListedFd} from '../../state/metadata.ts'
import type {ByteReader} from './byte-reader.ts'

const PADDING_BYTES = 4
/** Types whose payload is nothing but a name. */
const NAMED: ReadonlySet<number> = new Set([1, 2, 7, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21])
const UNSUPPORTED = 10
const LATER_TYPES: ReadonlySet<number> = new Set([17, 18, 19, 20, 21])

/** Reads the block with the descriptors of one thread. `version` is 1 or 2. @throws CutShort */
export function readFdList(
  reader: ByteReader,
  version: number,
  onFd: (tid: number, fd: ListedFd) => void,
): void {
  const tid = reader.id()
  while (reader.left >= PADDING_BYTES) {
    if (version === 1) {
      const fd = readEntry(reader, false)
      // Without a length nothing behind an unknown entry can be found.
      if (fd === undefined) return
      onFd(tid, fd)
      continue
    }
    const length = reader.u32()
    const fd = readEntry(reader.part(Math.max(0, length - 4)), true)
    if (fd !== undefined) onFd(tid, fd)
  }
}

/** Our writer puts types that older readers refuse behind the name of an entry of another type, as its last byte. */
function namedEntry(reader: ByteReader, base: ListedFd, hasLength: boolean): ListedFd {
  const name = reader.shortText()
  const later = base.type === UNSUPPORTED && hasLength && reader.left === 1 ? reader.u8() : 0
  return {...base, type: LATER_TYPES.has(later) ? later : base.type, name}
}

function readEntry(reader: ByteReader, hasLength: boolean): ListedFd | undefined {
  const base = {
    fd: reader.id(),
    inode: reader.int(),
    type: reader.u8(),
    name: '',
    openFlags: 0,
    device: 0,
    protocol: 0,
  }
  switch (base.type) {
    case 3:
    case 4: {
      const size = base.type === 3 ? 4 : 16
      const sourceAddress = reader.text(size)
      const targetAddress = reader.text(size)
      const [sourcePort, targetPort] = [reader.u16(), reader.u16()]
      return {
        ...base,
        ends: {sourceAddress, sourcePort, targetAddress, targetPort},
        protocol: reader.u8(),
      }
    }
    case 5:
    case 6: {
      const listens = {address: reader.text(base.type === 5 ? 4 : 16), port: reader.u16()}
      return {...base, listens, protocol: reader.u8()}
    }
    case 8: {
      const unix = {source: reader.u64(), target: reader.u64()}
      return {...base, unix, name: reader.shortText().replace(/\n$/, '')}
    }
    case 16: {
      const openFlags = reader.u32()
      const name = reader.shortText()
      return {...base, openFlags, name, device: hasLength && reader.left >= 4 ? reader.u32() : 0}
    }
    default:
      return NAMED.has(base.type) ? namedEntry(reader, base, hasLength) : undefined
  }
}
