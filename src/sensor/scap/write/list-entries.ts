import type {ByteString} from '../../../schema/bytes.ts'
import type {
  ListedFd,
  ListedGroup,
  ListedInterface,
  ListedMachine,
  ListedThread,
  ListedUser,
} from '../../../state/metadata.ts'
import type {BlockBuffer} from './block-buffer.ts'

const HOSTNAME_BYTES = 128
/** Longest texts that the peers read: longer ones make the whole file invalid to them (libs: SCAP_MAX_PATH_SIZE less one). */
const MAX_PATH = 1023
/** Longest arguments, environment and control groups (libs: SCAP_MAX_ARGS_SIZE, SCAP_MAX_ENV_SIZE, SCAP_MAX_CGROUPS_SIZE). */
const MAX_WORDS = 4096
/** Longest texts of accounts (libs: MAX_CREDENTIALS_STR_LEN less one). */
const MAX_NAME = 255
const NO_ID = 0xffff_ffff
const [IPV4_WITHOUT_SPEED, IPV6_WITHOUT_SPEED] = [3, 4]
const [USER, GROUP] = [0, 1]
/** What descriptors of types that sysdig 0.29.3 does not know go as; it refuses a file that has one as it is. */
const UNSUPPORTED = 10
/** The last type that it knows. */
const LAST_KNOWN_TYPE = 16

/** Writes an entry that begins with its own length. */
function entry(out: BlockBuffer, write: () => void): void {
  const length = out.skip(4)
  write()
  out.setLength(length, out.blockBytes - length, 4)
}

/** The body of the machine block. What no list says of the machine is 0. */
export function writeMachine(out: BlockBuffer, {cpus, hostname, bootNs}: ListedMachine): void {
  out.u32(cpus)
  out.u64(0)
  out.u64(0)
  // The last byte stays NUL.
  const name = hostname.slice(0, HOSTNAME_BYTES - 1)
  out.text(name.padEnd(HOSTNAME_BYTES, '\0'))
  out.u64(bootNs)
  for (let i = 0; i < 3; i++) out.u64(0)
}

/** One entry of a process list of version 9. */
export function writeThread(out: BlockBuffer, thread: ListedThread): void {
  entry(out, () => {
    const {tid, pid, parentTid, sid, vpgid} = thread
    for (const id of [tid, pid, parentTid, sid, vpgid]) out.u64(id)
    out.shortText(thread.comm, MAX_PATH)
    out.shortText(thread.exe, MAX_PATH)
    out.shortText(thread.exePath, MAX_PATH)
    out.shortText(block(thread.args), MAX_WORDS)
    out.shortText(thread.cwd, MAX_PATH)
    out.u64(thread.fdLimit)
    for (const value of [thread.flags, thread.uid, thread.gid]) out.u32(value)
    for (const value of [thread.vmSizeKb, thread.vmRssKb, thread.vmSwapKb]) out.u32(value)
    out.u64(thread.majorFaults)
    out.u64(thread.minorFaults)
    out.shortText(block(thread.env), MAX_WORDS)
    out.u64(thread.vtid)
    out.u64(thread.vpid)
    out.shortText(block(thread.cgroups), MAX_WORDS)
    out.shortText('/', MAX_PATH)
    writeTail(out, thread)
  })
}

/** What the list got after version 8: readers take as much of it as they know. */
function writeTail(out: BlockBuffer, thread: ListedThread): void {
  out.u64(thread.namespaceStartNs)
  out.u32(thread.tty)
  out.u32(thread.loginUid)
  out.u8(Number(thread.exeWritable))
  for (const set of [thread.capInheritable, thread.capPermitted, thread.capEffective]) out.u64(set)
  out.u8(Number(thread.exeUpperLayer))
  out.u64(thread.exeInode)
  out.u64(thread.exeCtimeNs)
  out.u64(thread.exeMtimeNs)
  out.u8(Number(thread.exeFromMemory))
  out.u8(Number(thread.exeLowerLayer))
  out.u64(thread.pgid)
}

function block(words: readonly ByteString[]): ByteString {
  return words.map(word => `${word}\0`).join('')
}

/** One entry of a descriptor list of version 2; nothing for a type that cannot be listed. */
export function writeFd(out: BlockBuffer, listed: ListedFd): void {
  const {type, ends, listens, unix} = listed
  if (type === 0) return
  const isSocket = type === 3 || type === 4
  const isListening = type === 5 || type === 6
  if ((isSocket && ends === undefined) || (isListening && listens === undefined)) return
  entry(out, () => {
    out.u64(listed.fd)
    out.u64(listed.inode)
    out.u8(type > LAST_KNOWN_TYPE ? UNSUPPORTED : type)
    if (isSocket) {
      const size = type === 3 ? 4 : 16
      out.text(sized(ends!.sourceAddress, size))
      out.text(sized(ends!.targetAddress, size))
      out.u16(ends!.sourcePort)
      out.u16(ends!.targetPort)
      out.u8(listed.protocol)
    } else if (isListening) {
      out.text(sized(listens!.address, type === 5 ? 4 : 16))
      out.u16(listens!.port)
      out.u8(listed.protocol)
    } else if (type === 8) {
      out.u64(unix?.source ?? 0)
      out.u64(unix?.target ?? 0)
      out.shortText(listed.name, MAX_PATH)
    } else if (type === 16) {
      out.u32(listed.openFlags)
      out.shortText(listed.name, MAX_PATH)
      out.u32(listed.device)
    } else out.shortText(listed.name, MAX_PATH)
    // Behind what others read of the entry.
    if (type > LAST_KNOWN_TYPE) out.u8(type)
  })
}

/** An address with exactly so many bytes. */
function sized(address: ByteString, size: number): ByteString {
  return address.slice(0, size).padEnd(size, '\0')
}

/** One entry of an interface list of version 2. Names and broadcast addresses are in no list of ours. */
export function writeInterface(out: BlockBuffer, {address, netmask}: ListedInterface): void {
  const size = address.length === 4 ? 4 : 16
  // Unlike in the other lists the length does not count itself.
  out.u32(4 + 3 * size)
  out.u16(size === 4 ? IPV4_WITHOUT_SPEED : IPV6_WITHOUT_SPEED)
  out.u16(0)
  out.text(sized(address, size))
  out.text(sized(netmask, size))
  out.text(size === 4 ? broadcast(address, sized(netmask, size)) : '\0'.repeat(size))
}

function broadcast(address: ByteString, netmask: ByteString): ByteString {
  let bytes = ''
  for (let i = 0; i < address.length; i++)
    bytes += String.fromCharCode((address.charCodeAt(i) | ~netmask.charCodeAt(i)) & 0xff)
  return bytes
}

/** One entry of a user list of version 2: an account. */
export function writeUser(out: BlockBuffer, {uid, name, home, shell}: ListedUser): void {
  entry(out, () => {
    out.u8(USER)
    out.u32(uid)
    out.u32(NO_ID)
    out.shortText(name, MAX_NAME)
    out.shortText(home, MAX_NAME)
    out.shortText(shell, MAX_NAME)
  })
}

/** One entry of a user list of version 2: a group. */
export function writeGroup(out: BlockBuffer, {gid, name}: ListedGroup): void {
  entry(out, () => {
    out.u8(GROUP)
    out.u32(gid)
    out.shortText(name, MAX_NAME)
  })
}
