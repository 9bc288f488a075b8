import type {ByteString} from '../schema/bytes.ts'
import type {FdTable} from './fd-table.ts'

/** The working directory, shared by tasks that were made with CLONE_FS. Undefined while unknown. */
export interface WorkingDirectory {
  path: ByteString | undefined
}

/** One process: a group of threads with one identity (pid and start time). */
export interface Process {
  readonly pid: number
  /** When it started, nanoseconds since the epoch; undefined while unknown. */
  startNs: bigint | undefined
  /** Process id of the parent; changes when the parent exits. 0: none. */
  parentPid: number
  /** Name of the main thread. */
  comm: ByteString
  /** First word of the command line. */
  exe: ByteString
  /** The other words. */
  args: readonly ByteString[]
  /** The executable as the kernel resolved it at exec; undefined while unknown. */
  exePath: ByteString | undefined
  exeInode: number | bigint | undefined
  /** `NAME=value` texts, when they are kept. */
  env: readonly ByteString[] | undefined
  cwd: WorkingDirectory
  sessionId: number | undefined
  groupId: number | undefined
  /** Device number of the controlling terminal; 0 without one. */
  tty: number
  /** User id given at login; 4294967295 when none was. */
  loginUid: number
  capabilities: Capabilities
  fds: FdTable
  /** Ids of the living children. */
  readonly children: Set<number>
  /** Ids of the threads besides the main one. */
  readonly threads: Set<number>
  /** Nothing but the id is known: its start was missed and /proc had nothing. */
  unknown: boolean
}

/** Capability sets, one bit a capability. */
export interface Capabilities {
  readonly inheritable: number | bigint
  readonly permitted: number | bigint
  readonly effective: number | bigint
}

/** One thread. The name belongs to the thread, all else to its process. */
export interface Thread {
  readonly tid: number
  readonly process: Process
  comm: ByteString
}

/** The name that stands for an unknown one; rules test for this text. */
export const UNKNOWN_NAME: ByteString = '<NA>'

/** "No login user" as the kernel says it. */
export const NO_LOGIN_UID = 0xffff_ffff
