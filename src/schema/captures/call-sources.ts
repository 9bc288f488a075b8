import type {ArgumentTest, Source} from '../capture.ts'

/** Sources of the calls on descriptors and sockets: messages, vectors of buffers, kernel sockets. */

/** Members of `struct msghdr` that hold an address or a length; `moved` is what stands behind it in `struct mmsghdr`. */
export type MessageMember =
  | 'name'
  | 'nameLength'
  | 'vector'
  | 'vectorCount'
  | 'control'
  | 'controlLength'
  | 'moved'

/** Where an address, a length or a descriptor of a call is found. `index` counts the call's arguments from 0. */
export type Operand =
  /** The call's result. */
  | 'ret'
  /** An argument register. */
  | {readonly index: number}
  /** 32 bits of user memory that an argument points to; 0 when they cannot be read. */
  | {readonly index: number; readonly pointer: true}
  /** A member of the message header that an argument points to; 0 when it cannot be read. */
  | {readonly index: number; readonly message: MessageMember}
  /** A number that is always the same. */
  | {readonly constant: number}

/** How a call ended: `positive` gave a number above 0, `done` no error, `started` no error or EINPROGRESS. */
export type Outcome = 'positive' | 'done' | 'started'

/** Where the data goes: to the peer or file, or from it. */
export type Way = 'out' | 'in'

/** Sources of the calls on descriptors and sockets. */
export type CallSource =
  /** A value that is there only after this outcome; else a number is `otherwise` (0 when left out), and the rest absent. */
  | {
      readonly from: 'after'
      readonly outcome: Outcome
      readonly then: Source
      readonly otherwise?: number | 'ret'
    }
  /** A 64-bit argument, which 32-bit calls pass in two registers; in one in the calls listed in `narrow`. */
  | {
      readonly from: 'wide'
      readonly index: number
      readonly low: number
      readonly high: number
      readonly narrow?: readonly number[]
    }
  /**
   * User memory, at most `max` bytes, when the test holds. With `only64` it is absent in 32-bit calls, whose structures
   * differ.
   */
  | {
      readonly from: 'bytes'
      readonly at: Operand
      readonly length: Operand
      readonly max: number
      readonly only64?: true
      readonly when?: ArgumentTest
    }
  /**
   * The first bytes of a vector of user buffers: as many as the call moved, at most `max`. Of a call that moved none
   * outwards, as many as were offered. `moved` is the call's result when left out.
   */
  | {
      readonly from: 'vector'
      readonly at: Operand
      readonly count: Operand
      readonly way: Way
      readonly max: number
      readonly moved?: Operand
    }
  /** Sizes of the first `VECTOR_ENTRIES` buffers of a vector, added up. */
  | {readonly from: 'vectorSize'; readonly at: Operand; readonly count: Operand}
  /** How much of the first message of a vector of messages was moved. */
  | {readonly from: 'messageLength'; readonly index: number}
  /** A socket address in user memory that a message goes to or comes from. */
  | {readonly from: 'peerAddress'; readonly at: Operand; readonly length: Operand}
  /**
   * The kernel socket behind a descriptor, as a tuple from the sender to the receiver. Where it has no peer, the address in
   * the value `peer` is taken.
   */
  | {readonly from: 'socket'; readonly fd: Operand; readonly way: Way; readonly peer?: string}
  /** A number of the kernel object behind a descriptor; 0 when there is none. */
  | {
      readonly from: 'descriptor'
      readonly fd: Operand
      readonly read: 'inode' | 'socket' | 'family' | 'peer' | 'backlog' | 'maxBacklog'
    }

/** Buffers of a vector whose sizes are added up. */
export const VECTOR_ENTRIES = 12
/** Buffers of a vector whose data is kept. */
export const VECTOR_BUFFERS = 4
