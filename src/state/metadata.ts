import type {ByteString} from '../schema/bytes.ts'
import type {Int} from '../schema/value.ts'

/** What a capture says of the machine that it was taken on. */
export interface ListedMachine {
  readonly cpus: number
  readonly hostname: ByteString
  /** Nanoseconds from the epoch to boot; 0 in old captures. */
  readonly bootNs: bigint
}

/** One thread of the process list, as it was when the capture began. Left-out members are older than the field. */
export interface ListedThread {
  readonly tid: number
  /** From boot to the start of the process, in nanoseconds; only the running host tells. */
  readonly startedNs?: number
  readonly pid: number
  readonly parentTid: number
  readonly sid: number
  readonly vpgid: number
  readonly pgid: number
  readonly vtid: number
  readonly vpid: number
  readonly comm: ByteString
  readonly exe: ByteString
  readonly exePath: ByteString
  readonly args: readonly ByteString[]
  readonly env: readonly ByteString[]
  readonly cgroups: readonly ByteString[]
  readonly cwd: ByteString
  readonly fdLimit: Int
  /** Clone flags as captures carry them. */
  readonly flags: number
  readonly uid: number
  readonly gid: number
  readonly vmSizeKb: number
  readonly vmRssKb: number
  readonly vmSwapKb: number
  readonly majorFaults: Int
  readonly minorFaults: Int
  readonly namespaceStartNs: bigint
  readonly tty: number
  /** 4294967295: nobody logged in. */
  readonly loginUid: number
  readonly exeWritable: boolean
  readonly exeUpperLayer: boolean
  readonly exeLowerLayer: boolean
  readonly exeFromMemory: boolean
  readonly capInheritable: bigint
  readonly capPermitted: bigint
  readonly capEffective: bigint
  readonly exeInode: Int
  readonly exeCtimeNs: bigint
  readonly exeMtimeNs: bigint
}

/** The two ends of an internet socket: addresses of 4 or 16 bytes in network order, ports in host order. */
export interface SocketEnds {
  readonly sourceAddress: ByteString
  readonly sourcePort: number
  readonly targetAddress: ByteString
  readonly targetPort: number
}

/** One open descriptor of the list. */
export interface ListedFd {
  readonly fd: number
  /** Code of `FD_TYPES`. */
  readonly type: number
  readonly inode: Int
  readonly name: ByteString
  readonly openFlags: number
  readonly device: number
  /** For sockets of types 3 and 4. */
  readonly ends?: SocketEnds
  /** For listening sockets of types 5 and 6. */
  readonly listens?: {readonly address: ByteString; readonly port: number}
  /** 0 unknown, 1 none, 2 tcp, 3 udp, 4 icmp, 5 raw. */
  readonly protocol: number
  /** For unix sockets: addresses of the two kernel sockets. */
  readonly unix?: {readonly source: bigint; readonly target: bigint}
}

/** An address of the machine. */
export interface ListedInterface {
  /** 4 or 16 bytes. */
  readonly address: ByteString
  readonly netmask: ByteString
}

/** An account of the user list. */
export interface ListedUser {
  readonly uid: number
  readonly name: ByteString
  readonly home: ByteString
  readonly shell: ByteString
}

/** A group of the user list. */
export interface ListedGroup {
  readonly gid: number
  readonly name: ByteString
}

/** Takes what stands in front of a capture's events, piece by piece in file order. */
export interface MetadataSink {
  machine(machine: ListedMachine): void
  thread(thread: ListedThread): void
  fd(tid: number, fd: ListedFd): void
  networkInterface(entry: ListedInterface): void
  user(user: ListedUser): void
  group(group: ListedGroup): void
}
