import type {ByteString} from '../schema/bytes.ts'
import type {Int} from '../schema/value.ts'
import type {ListedFd, ListedThread} from './metadata.ts'

/** What of the host's state the loaded rules need; the rest is not followed. */
export interface StateNeeds {
  /** Descriptors that were opened earlier (`fd.*` of write, close, dup). */
  readonly fds: boolean
  /** Every call that opens, copies or closes one is seen; else they are told by the identity of the files behind them. */
  readonly everyFd?: boolean
  /** Environments (`proc.env`). */
  readonly env: boolean
}

/** A thread as the host itself shows it, with the descriptors of its process if they were asked for. */
export interface FoundThread {
  readonly thread: ListedThread
  readonly fds: readonly ListedFd[]
}

/** A file as the kernel found it. */
export interface FileIdentity {
  /** As the detector's own root directory shows it. */
  readonly path: ByteString
  readonly dev: number
  readonly ino: Int
  readonly mount: number | undefined
}

/** Asks the running host for what no event told. */
export interface HostLookup {
  /** Undefined when there is no such thread any more, or it is not for us to see. */
  thread(tid: number, needs: StateNeeds): FoundThread | undefined
  fd(pid: number, fd: number): ListedFd | undefined
  /** The working directory of a thread. */
  cwd?(pid: number, tid: number): ByteString | undefined
  /**
   * Follows an absolute path from the root directory of a process, its links included; `last`: the last name too, if it is a
   * link. What does not exist has the path alone, below its directory. Undefined when the directory is not there either.
   */
  file?(pid: number, path: ByteString, last: boolean): FileIdentity | undefined
}
