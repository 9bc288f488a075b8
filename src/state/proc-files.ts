/**
 * Reads what /proc tells of a process. Everything is bytes; a process that goes away meanwhile gives undefined.
 */
import {readdirSync, readFileSync, readlinkSync} from 'node:fs'
import type {ByteString} from '../schema/bytes.ts'
import type {FdInfo, FdTable} from './fd-table.ts'
import {NO_LOGIN_UID, type Process} from './process.ts'
import {unknownProcess} from './process-table.ts'

/** Clock ticks a second in /proc (USER_HZ, the same on every x86_64 kernel). */
const TICKS_PER_SECOND = 100n
/** Bytes of arguments and of environment that are kept, as for captured ones. */
const TEXT_LIMIT = 4096

/** What a scan reads besides the cheap facts. */
export interface ProcOptions {
  /** Folder of the proc file system. */
  readonly root: string
  /** Nanoseconds from the epoch to boot. */
  readonly bootNs: bigint
  readonly env: boolean
  readonly fds: boolean
}

/** The ids of all processes, in the order of the folder. */
export function listPids(root: string): number[] {
  return readdirSync(root)
    .filter(name => /^\d+$/.test(name))
    .map(Number)
}

/** Reads one process; kernel threads and zombies come with an empty command line. */
export function readProcess(pid: number, options: ProcOptions): Process | undefined {
  const folder = `${options.root}/${pid}`
  const stat = read(`${folder}/stat`)
  const facts = stat === undefined ? undefined : parseStat(stat)
  if (facts === undefined) return undefined
  const words = splitTexts(read(`${folder}/cmdline`)?.slice(0, TEXT_LIMIT) ?? '')
  const status = read(`${folder}/status`) ?? ''
  const process = unknownProcess(pid)
  process.startNs = options.bootNs + (facts.startTicks * 1_000_000_000n) / TICKS_PER_SECOND
  process.parentPid = facts.parentPid
  process.comm = facts.comm
  process.exe = words[0] ?? facts.comm
  process.args = words.slice(1)
  process.exePath = link(`${folder}/exe`)?.replace(/ \(deleted\)$/, '')
  process.cwd.path = link(`${folder}/cwd`)
  process.sessionId = facts.sessionId
  process.groupId = facts.groupId
  process.tty = facts.tty
  process.loginUid = Number(read(`${folder}/loginuid`)?.trim() ?? NO_LOGIN_UID)
  process.capabilities = {
    inheritable: capability(status, 'CapInh'),
    permitted: capability(status, 'CapPrm'),
    effective: capability(status, 'CapEff'),
  }
  if (options.env) process.env = splitTexts(read(`${folder}/environ`)?.slice(0, TEXT_LIMIT) ?? '')
  if (options.fds) process.fds = readFds(folder)
  process.unknown = false
  return process
}

/** The ids and names of a process's threads, the main one left out. */
export function readThreads(pid: number, root: string): {tid: number; comm: ByteString}[] {
  const threads: {tid: number; comm: ByteString}[] = []
  for (const name of entries(`${root}/${pid}/task`)) {
    const tid = Number(name)
    const comm = tid === pid ? undefined : read(`${root}/${pid}/task/${name}/comm`)
    if (comm !== undefined) threads.push({tid, comm: comm.replace(/\n$/, '')})
  }
  return threads
}

/** The open descriptors of a process. Sockets are left out: their ends are not in these files. */
export function readFds(folder: string): FdTable {
  const table: FdTable = new Map()
  for (const name of entries(`${folder}/fd`)) {
    const info = readFd(folder, Number(name))
    if (info !== undefined) table.set(Number(name), info)
  }
  return table
}

/** One open descriptor. */
export function readFd(folder: string, fd: number): FdInfo | undefined {
  const target = link(`${folder}/fd/${fd}`)
  if (target === undefined || target.startsWith('socket:')) return undefined
  const flags = Number.parseInt(
    /^flags:\s*(\d+)/m.exec(read(`${folder}/fdinfo/${fd}`) ?? '')?.[1] ?? '0',
    8,
  )
  const closeOnExec = (flags & 0o2000000) !== 0
  if (target.startsWith('pipe:')) return {type: 'pipe', name: '', closeOnExec}
  if (target.startsWith('anon_inode:')) return {type: 'unknown', name: '', closeOnExec}
  const type = (flags & 0o200000) !== 0 ? 'directory' : 'file'
  return {type, name: target.replace(/ \(deleted\)$/, ''), closeOnExec}
}

/** The fields of /proc/PID/stat that the state needs. The name may hold blanks and parentheses. */
export function parseStat(stat: ByteString):
  | {
      comm: ByteString
      parentPid: number
      groupId: number
      sessionId: number
      tty: number
      startTicks: bigint
    }
  | undefined {
  const open = stat.indexOf('(')
  const close = stat.lastIndexOf(')')
  if (open < 0 || close < open) return undefined
  const rest = stat.slice(close + 2).split(' ')
  if (rest.length < 20) return undefined
  return {
    comm: stat.slice(open + 1, close),
    parentPid: Number(rest[1]),
    groupId: Number(rest[2]),
    sessionId: Number(rest[3]),
    tty: Number(rest[4]),
    startTicks: BigInt(rest[19]!),
  }
}

/** NUL-separated texts; the NUL after the last one is no text of its own. */
export function splitTexts(block: ByteString): ByteString[] {
  if (block === '') return []
  return (block.endsWith('\0') ? block.slice(0, -1) : block).split('\0')
}

function capability(status: ByteString, name: string): number | bigint {
  const value = BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0'}`)
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}

function read(path: string): ByteString | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // The process is gone, or the file is not for us: unknown either way.
    return undefined
  }
}

function link(path: string): ByteString | undefined {
  try {
    return readlinkSync(path, 'latin1')
  } catch {
    // As above.
    return undefined
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    // As above.
    return []
  }
}
