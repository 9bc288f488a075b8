import type {CaptureDef, Derived, DerivedFunction, MemberSource, Source} from '../capture.ts'
import type {MessageMember, Operand, Outcome, Way} from './call-sources.ts'
import {SNAP_LENGTH} from './rows.ts'

/** Builders for the rows of calls on descriptors and sockets. */

/** Bytes of a message's control part that a record keeps: room for 60 passed descriptors. */
export const CONTROL_MAX = 256

/** A value that is there only after an outcome; a number is `otherwise` then, or absent. */
export const after = (outcome: Outcome, then: Source, otherwise?: number | 'ret'): Source => ({
  from: 'after',
  outcome,
  then,
  ...(otherwise === undefined ? {} : {otherwise}),
})

/** A member of a structure that an argument points to. */
export const member = (
  index: number,
  offset: number,
  as: NonNullable<MemberSource['as']> = 'u64',
): Source => ({from: 'member', index, offset, as})

/** A 64-bit argument that 32-bit calls pass in the two registers from `low` on. */
export const wide = (index: number, low: number, narrow: readonly number[] = []): Source => ({
  from: 'wide',
  index,
  low,
  high: low + 1,
  narrow,
})

/** The bytes that a call wrote, or was to write. */
export const sentData = (index: number, lengthIndex: number): Source => ({
  from: 'buffer',
  index,
  max: SNAP_LENGTH,
  lengthIndex,
})

/** Block of user memory. */
export const bytes = (at: Operand, length: Operand, max: number): Source => ({
  from: 'bytes',
  at,
  length,
  max,
})

/** A structure of which 32-bit programs have another form. */
export const struct64 = (index: number, size: number): Source => ({
  from: 'bytes',
  at: {index},
  length: {constant: size},
  max: size,
  only64: true,
})

/** A member of the message header that an argument points to. */
export const header = (index: number, message: MessageMember): Operand => ({index, message})

/** Data of a vector of buffers in arguments. */
export const vectorData = (way: Way, index: number): Source => ({
  from: 'vector',
  at: {index},
  count: {index: index + 1},
  way,
  max: SNAP_LENGTH,
})

/** Data of the message that an argument points to. */
export const messageData = (way: Way, index: number): Source => ({
  from: 'vector',
  at: header(index, 'vector'),
  count: header(index, 'vectorCount'),
  way,
  max: SNAP_LENGTH,
})

/** Data of the first of the messages that an argument points to. */
export const firstMessageData = (way: Way, index: number): Source => ({
  from: 'vector',
  at: header(index, 'vector'),
  count: header(index, 'vectorCount'),
  way,
  max: SNAP_LENGTH,
  moved: header(index, 'moved'),
})

/** Sizes of the buffers of a vector in arguments, added up. */
export const vectorSize = (index: number): Source => ({
  from: 'vectorSize',
  at: {index},
  count: {index: index + 1},
})

/** Sizes of the buffers of a message, added up. */
export const messageSize = (index: number): Source => ({
  from: 'vectorSize',
  at: header(index, 'vector'),
  count: header(index, 'vectorCount'),
})

/** The address that a message names. */
export const messageAddress = (index: number): Source => ({
  from: 'peerAddress',
  at: header(index, 'name'),
  length: header(index, 'nameLength'),
})

/** The tuple of the socket behind a descriptor; its peer from the value `peer` where the socket has none. */
export const tuple = (way: Way, fd: Operand, peer?: string): Source => ({
  from: 'socket',
  fd,
  way,
  ...(peer === undefined ? {} : {peer}),
})

/** A value that a function makes of others. */
export const made = (name: DerivedFunction, ...of: string[]): Derived => ({
  derive: 'function',
  name,
  of,
})

/** One of several values that a function makes of others. */
export const madePart = (name: DerivedFunction, part: string, ...of: string[]): Derived => ({
  derive: 'function',
  name,
  of,
  part,
})

/** A value that is always the same. */
export const always = (value: number): Derived => ({derive: 'constant', value})

/** For rows of which the data is captured on demand. */
export const dataOnDemand = {onDemand: ['data']} as const satisfies Partial<CaptureDef>
