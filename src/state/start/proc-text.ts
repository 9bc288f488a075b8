/**
 * The texts of /proc, read into numbers. Names in them are hostile: each reader relies only on what the kernel escapes.
 * Formats: linux v6.8 Documentation/filesystems/proc.rst.
 */
import type {ByteString} from '../../schema/bytes.ts'
import {CGROUP_SUBSYSTEMS} from '../../schema/record-layout.ts'
import {canonicalInt, type Int} from '../../schema/value.ts'

/** What /proc/PID/stat tells. */
export interface StatText {
  /** As written: the kernel puts `\n` for a line feed and doubles backslashes. */
  readonly escapedComm: ByteString
  readonly parentPid: number
  readonly group: number
  readonly session: number
  readonly tty: number
  /** PF_ flags of the task. */
  readonly flags: number
  readonly minorFaults: number
  readonly majorFaults: number
  /** Clock ticks from boot to its start. */
  readonly startTicks: number
}

/** Words behind the name, by their place. */
const STAT = {
  parentPid: 1,
  group: 2,
  session: 3,
  tty: 4,
  flags: 6,
  minorFaults: 7,
  majorFaults: 9,
  startTicks: 19,
} as const

/** Reads a stat file. The name may hold blanks and parentheses: it ends at the last one. */
export function parseStat(text: ByteString): StatText | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return undefined
  const words = text.slice(close + 2).split(' ')
  if (words.length <= STAT.startTicks) return undefined
  const number = (at: number): number => Number(words[at]) || 0
  return {
    escapedComm: text.slice(open + 1, close),
    parentPid: number(STAT.parentPid),
    group: number(STAT.group),
    session: number(STAT.session),
    tty: number(STAT.tty) >>> 0,
    flags: number(STAT.flags),
    minorFaults: number(STAT.minorFaults),
    majorFaults: number(STAT.majorFaults),
    startTicks: number(STAT.startTicks),
  }
}

/** What /proc/PID/status tells. */
export interface StatusText {
  readonly pid: number
  readonly parentPid: number
  readonly threads: number
  /** Effective ids. */
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly capInheritable: bigint
  readonly capPermitted: bigint
  readonly capEffective: bigint
  readonly vmSizeKb: number
  readonly vmRssKb: number
  readonly vmSwapKb: number
  /** Numbers in each pid namespace, from the one of /proc to the innermost. */
  readonly tids: readonly number[]
  readonly pids: readonly number[]
  readonly pgids: readonly number[]
}

/** Reads a status file. Its first line holds the name, with line feeds escaped, so no later line can be made up. */
export function parseStatus(text: ByteString): StatusText {
  const line = lineReader(text)
  const words = (key: string): readonly number[] => numbersOf(line(key))
  const hex = (key: string): bigint => {
    const digits = line(key)
    return /^[0-9a-f]{1,16}$/.test(digits) ? BigInt(`0x${digits}`) : 0n
  }
  // In the order of the file: a search begins where the one before ended.
  return {
    pid: words('Tgid')[0] ?? 0,
    parentPid: words('PPid')[0] ?? 0,
    uid: words('Uid')[1] ?? 0xffff_ffff,
    gid: words('Gid')[1] ?? 0xffff_ffff,
    groups: words('Groups'),
    pids: words('NStgid'),
    tids: words('NSpid'),
    pgids: words('NSpgid'),
    vmSizeKb: words('VmSize')[0] ?? 0,
    vmRssKb: words('VmRSS')[0] ?? 0,
    vmSwapKb: words('VmSwap')[0] ?? 0,
    threads: words('Threads')[0] ?? 1,
    capInheritable: hex('CapInh'),
    capPermitted: hex('CapPrm'),
    capEffective: hex('CapEff'),
  }
}

/** Finds the values of `key:` lines, quickest in the order of the text. The first line is not looked at. */
function lineReader(text: ByteString): (key: string) => ByteString {
  let cursor = 0
  return key => {
    const mark = `\n${key}:`
    let at = text.indexOf(mark, cursor)
    if (at < 0) at = text.indexOf(mark)
    if (at < 0) return ''
    const end = text.indexOf('\n', at + 1)
    cursor = end < 0 ? text.length : end
    return text.slice(at + mark.length, cursor).trim()
  }
}

const [ZERO, NINE] = [0x30, 0x39]

/** The decimal numbers among the words of a text. */
function numbersOf(text: ByteString): number[] {
  const numbers: number[] = []
  let value = -1
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : 0
    if (code >= ZERO && code <= NINE) {
      value = (value < 0 ? 0 : value * 10) + code - ZERO
      continue
    }
    if (value >= 0) numbers.push(value)
    value = -1
  }
  return numbers
}

/**
 * Reads a cgroup file: `hierarchy:controllers:path` lines into `controller=path` texts. Where there is only the default
 * hierarchy (which names no controllers), its path stands for each controller that captures name.
 */
export function parseCgroups(text: ByteString): ByteString[] {
  const cgroups: ByteString[] = []
  let common: ByteString | undefined
  for (const line of text.split('\n')) {
    const first = line.indexOf(':')
    const second = line.indexOf(':', first + 1)
    if (first < 0 || second < 0) continue
    const path = line.slice(second + 1)
    const names = line.slice(first + 1, second)
    if (names === '') common = path
    else for (const name of names.split(',')) cgroups.push(`${name}=${path}`)
  }
  return cgroups.length === 0 && common !== undefined ? commonCgroups(common) : cgroups
}

/** A path of the default hierarchy as captures carry it: once for each of the controllers that they name. */
export function commonCgroups(path: ByteString): ByteString[] {
  return CGROUP_SUBSYSTEMS.map(name => `${name}=${path}`)
}

const UNLIMITED = 0xffff_ffff_ffff_ffffn

/** Most open files of a process, from its limits file; 2^64 - 1 without a limit, -1 when the file does not tell. */
export function parseFdLimit(text: ByteString): Int {
  const soft = /^Max open files +(\d+|unlimited) /m.exec(text)?.[1]
  if (soft === undefined) return -1
  return soft === 'unlimited' ? UNLIMITED : canonicalInt(BigInt(soft))
}

/** What /proc/PID/fdinfo/FD tells. */
export interface FdInfoText {
  /** O_ flags, O_CLOEXEC among them. */
  readonly flags: number
  readonly mount: number
  /** 0 before Linux 5.14. */
  readonly inode: number
}

/** Reads an fdinfo file. The three lines stand in front of what the file's own kind adds. */
export function parseFdInfo(text: ByteString): FdInfoText {
  const line = lineReader(text)
  const number = (key: string, radix: number): number => Number.parseInt(line(key), radix) || 0
  return {flags: number('flags', 8), mount: number('mnt_id', 10), inode: number('ino', 10)}
}

/** One mounted file system. */
export interface Mount {
  /** As stat numbers it. */
  readonly device: number
  /** Where it is mounted, as the process sees it. */
  readonly path: ByteString
  /** Name of the file system: `ext4`, `fuse.sshfs`. */
  readonly type: ByteString
  readonly readOnly: boolean
}

/** Reads a mountinfo file, by number of the mount. Paths in it come with blanks and line feeds as octal escapes. */
export function parseMounts(text: ByteString): Map<number, Mount> {
  const mounts = new Map<number, Mount>()
  for (const line of text.split('\n')) {
    const [front = '', back = ''] = line.split(' - ')
    const [id, , numbers = '', , path = ''] = front.split(' ')
    const [major, minor] = numbers.split(':').map(Number)
    const [type = '', , options = ''] = back.split(' ')
    if (major === undefined || minor === undefined || !(major >= 0 && minor >= 0)) continue
    mounts.set(Number(id), {
      device: deviceNumber(major, minor),
      path: path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
      type,
      readOnly: options.split(',').includes('ro'),
    })
  }
  return mounts
}

/** A device number as stat reports it (linux v6.8 include/linux/kdev_t.h, new_encode_dev). */
export function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
}

/** Whether a uid_map or gid_map file maps an id of the reader's namespace. */
export function mapsId(text: ByteString, id: number): boolean {
  return text.split('\n').some(line => {
    const [, outside, count] = numbersOf(line.trim())
    return outside !== undefined && count !== undefined && id >= outside && id < outside + count
  })
}
