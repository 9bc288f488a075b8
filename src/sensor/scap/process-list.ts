import type {ByteString} from '../../schema/bytes.ts'
import type {Int} from '../../schema/value.ts'
import type {ListedThread} from '../../state/metadata.ts'
import type {ByteReader} from './byte-reader.ts'

const NO_LOGIN = 0xffff_ffff
/** Bytes of the first form of the tail; the namespace start and the terminal stand before it only when there are more. */
const OLD_TAIL_BYTES = 29
/** Fewer bytes than this at the end of a list are padding. */
const PADDING_BYTES = 4

/** Reads the entries of a process list block. `version` is 1 to 9. @throws CutShort */
export function readProcessList(
  reader: ByteReader,
  version: number,
  onThread: (thread: ListedThread) => void,
): void {
  while (reader.left >= PADDING_BYTES) {
    if (version < 9) {
      onThread(readEntry(reader, version))
      continue
    }
    const length = reader.u32()
    onThread(readEntry(reader.part(Math.max(0, length - 4)), version))
  }
}

function readEntry(reader: ByteReader, version: number): ListedThread {
  const since = <T>(first: number, read: () => T, otherwise: T): T =>
    version >= first ? read() : otherwise
  const id = (): number => reader.id()
  const u32 = (): number => reader.u32()
  const u64 = (): Int => reader.int()
  const texts = (): readonly ByteString[] => splitWords(reader.shortText())
  const text = (): ByteString => reader.shortText()
  const entry = {
    tid: id(),
    pid: id(),
    parentTid: id(),
    sid: since(6, id, -1),
    vpgid: since(8, id, -1),
    comm: text(),
    exe: text(),
    exePath: since(7, text, ''),
    args: texts(),
    cwd: text(),
    fdLimit: u64(),
    flags: u32(),
    uid: u32(),
    gid: u32(),
    vmSizeKb: since(2, u32, 0),
    vmRssKb: since(2, u32, 0),
    vmSwapKb: since(2, u32, 0),
    majorFaults: since(2, u64, 0),
    minorFaults: since(2, u64, 0),
    env: since(3, texts, []),
    vtid: since(4, id, -1),
    vpid: since(4, id, -1),
    cgroups: since(4, texts, []),
  }
  if (version >= 5) reader.skip(reader.u16())
  return {...entry, ...readTail(reader, version)}
}

/** The optional end of a version 9 entry: each value only while it fits. */
function readTail(
  reader: ByteReader,
  version: number,
): Pick<
  ListedThread,
  | 'namespaceStartNs'
  | 'tty'
  | 'loginUid'
  | 'exeWritable'
  | 'capInheritable'
  | 'capPermitted'
  | 'capEffective'
  | 'exeUpperLayer'
  | 'exeInode'
  | 'exeCtimeNs'
  | 'exeMtimeNs'
  | 'exeFromMemory'
  | 'exeLowerLayer'
  | 'pgid'
> {
  const left = (): number => (version < 9 ? 0 : reader.left)
  const u64 = (): bigint => (left() >= 8 ? reader.u64() : 0n)
  const u32 = (otherwise: number): number => (left() >= 4 ? reader.u32() : otherwise)
  const flag = (): boolean => left() >= 1 && reader.u8() !== 0
  const long = left() > OLD_TAIL_BYTES
  return {
    namespaceStartNs: long ? u64() : 0n,
    tty: long ? u32(0) : 0,
    loginUid: u32(NO_LOGIN),
    exeWritable: flag(),
    capInheritable: u64(),
    capPermitted: u64(),
    capEffective: u64(),
    exeUpperLayer: flag(),
    exeInode: left() >= 8 ? reader.int() : 0,
    exeCtimeNs: u64(),
    exeMtimeNs: u64(),
    exeFromMemory: flag(),
    exeLowerLayer: flag(),
    pgid: left() >= 8 ? reader.id() : -1,
  }
}

/** NUL-separated words; the NUL behind the last may be missing. */
export function splitWords(block: ByteString): readonly ByteString[] {
  // A lone NUL is how the peers write no words; one empty word cannot be told from it.
  if (block === '' || block === '\0') return []
  return (block.endsWith('\0') ? block.slice(0, -1) : block).split('\0')
}
