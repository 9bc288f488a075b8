import {Refusal} from '../problem.ts'
import {fitsBits} from '../values/arithmetic.ts'
import {constOf, isConst, type Value, ZERO} from '../values/value.ts'
import {
  anyNumber,
  markPrecise,
  type Pointer,
  type Register,
  type Scalar,
  scalar,
} from './register.ts'
import type {ByteKind, Frame, StackSlot} from './state.ts'

/** Bytes of one frame (linux v6.18 include/linux/filter.h, MAX_BPF_STACK). */
export const STACK_BYTES = 512

/** The first and the last offset from the frame's top that an access may start at. */
export interface StackRange {
  readonly min: number
  readonly max: number
}

/**
 * Where an access of `size` bytes through a stack pointer may start.
 * @throws Refusal when some of it may lie outside the frame
 */
export function stackRange(pointer: Pointer, off: number, size: number): StackRange {
  const base = BigInt(pointer.off + off)
  const {smin, smax} = pointer.variable.wide
  const fixed = constOf(pointer.variable)
  const min = base + (fixed ?? smin)
  const max = base + (fixed ?? smax)
  if (min < BigInt(-STACK_BYTES) || min >= 0n || max + BigInt(size) > 0n)
    throw new Refusal('stack', `${size} bytes at ${min} to ${max} are outside the stack`, {
      hint: 'the stack is the 512 bytes below r10',
    })
  return {min: Number(min), max: Number(max)}
}

function slotIndex(off: number): number {
  return Math.floor((-off - 1) / 8)
}

function byteIndex(off: number): number {
  return ((off % 8) + 8) % 8
}

/** Stores `size` bytes of a register's content, or of unknown bytes, at a fixed offset. */
export function storeFixed(frame: Frame, off: number, size: number, content: Register): void {
  const index = slotIndex(off)
  const slot = frame.stack[index]!
  const start = byteIndex(off)
  if (content !== undefined && start === 0 && (size === 8 || content.kind === 'scalar')) {
    const bytes = slot.bytes.map(
      (kind, at): ByteKind => (at < size ? 'spill' : kind === 'spill' ? 'misc' : kind),
    )
    frame.stack[index] = {
      bytes,
      spilled: content.kind === 'pointer' ? content : narrowed(content, size),
      usage: size === 8 ? {read: false} : slot.usage,
    }
    return
  }
  const isZero = content?.kind === 'scalar' && constOf(content.value) === 0n
  if (isZero && content.kind === 'scalar') markPrecise(content)
  writeBytes(frame, index, start, size, isZero ? 'zero' : 'misc')
}

/** Whether a number is stored whole: then the copy is linked with it. */
export function fitsStored(content: Scalar, size: number): boolean {
  return size === 8 || fitsBits(content.value, size * 8)
}

/** A number that does not fit the bytes stored is no longer equal to its copies. */
function narrowed(content: Scalar, size: number): Scalar {
  if (fitsStored(content, size)) return content
  const {value, delta, precise} = content
  return {...scalar(value, [content]), delta, precise}
}

function writeBytes(
  frame: Frame,
  index: number,
  start: number,
  size: number,
  kind: ByteKind,
): void {
  const slot = frame.stack[index]!
  const bytes = slot.bytes.map((old, at): ByteKind => {
    if (at >= start && at < start + size) return kind
    return old === 'spill' ? 'misc' : old
  })
  frame.stack[index] = {bytes, usage: slot.usage}
}

const ALL_UNKNOWN: readonly ByteKind[] = new Array<ByteKind>(8).fill('misc')

/** Every byte that a store of `size` bytes in the range may touch becomes unknown; pointers there are gone. */
export function storeUnknown(frame: Frame, range: StackRange, size: number): void {
  if (range.min === range.max) {
    for (let off = range.min, left = size; left > 0; ) {
      const bytes = Math.min(8 - byteIndex(off), left)
      if (bytes === 8) frame.stack[slotIndex(off)] = {bytes: ALL_UNKNOWN, usage: {read: false}}
      else writeBytes(frame, slotIndex(off), byteIndex(off), bytes, 'misc')
      off += bytes
      left -= bytes
    }
    return
  }
  for (let off = range.min; off < range.max + size; off++)
    writeBytes(frame, slotIndex(off), byteIndex(off), 1, 'misc')
}

/**
 * What a load of `size` bytes at a fixed offset gives, before it is cut to that size.
 * @throws Refusal when it reads a part of a stored pointer
 */
export function loadFixed(frame: Frame, off: number, size: number): NonNullable<Register> {
  const slot = frame.stack[slotIndex(off)]!
  slot.usage.read = true
  const start = byteIndex(off)
  const spilledBytes = slot.bytes.filter(kind => kind === 'spill').length
  const {spilled} = slot
  if (spilled !== undefined && spilledBytes > 0) {
    if (spilled.kind === 'pointer') {
      if (size === 8 && spilledBytes === 8) return spilled
      throw new Refusal('stack', `a load of ${size} bytes of a stored pointer`, {
        hint: 'load all 8 bytes',
      })
    }
    if (start === 0 && size <= spilledBytes) {
      if (!fitsStored(spilled, size)) return scalar(spilled.value, [spilled])
      if (!spilled.isSum) return spilled
      // One constant is remembered per link, so a copy of a sum ends its link.
      const copied = {...spilled, link: 0, isSum: false, delta: 0n}
      frame.stack[slotIndex(off)] = {...slot, spilled: copied}
      return copied
    }
    return loadedBytes(slot, start, size, spilled)
  }
  return loadedBytes(slot, start, size, undefined)
}

function loadedBytes(
  slot: StackSlot,
  start: number,
  size: number,
  spilled: Scalar | undefined,
): Scalar {
  const kinds = slot.bytes.slice(start, start + size)
  const allZero = kinds.every(kind => kind === 'zero')
  const partOfZero = kinds.every(kind => kind === 'spill') && isZero(spilled?.value)
  if (partOfZero && spilled !== undefined) markPrecise(spilled)
  return allZero || partOfZero ? scalar(ZERO) : anyNumber()
}

function isZero(value: Value | undefined): boolean {
  return value !== undefined && isConst(value) && value.tnum.value === 0n
}

/** Whether every byte of the range was written. */
export function isWritten(frame: Frame, range: StackRange, size: number): boolean {
  for (let off = range.min; off < range.max + size; off++)
    if (frame.stack[slotIndex(off)]!.bytes[byteIndex(off)] === 'none') return false
  return true
}

/** Reads the bytes in the range: their content is not known to the caller. */
export function touchRead(frame: Frame, range: StackRange, size: number): void {
  for (let off = range.min; off < range.max + size; off++)
    frame.stack[slotIndex(off)]!.usage.read = true
}

/** The number that a map key on the stack surely holds (linux v6.18 verifier.c, get_constant_map_key). */
export function constantKey(frame: Frame, off: number, size: number): bigint | undefined {
  const slot = frame.stack[slotIndex(off)]!
  const start = byteIndex(off)
  if (slot.bytes.slice(start, start + size).every(kind => kind === 'zero') && start + size <= 8)
    return 0n
  if (start !== 0 || slot.spilled?.kind !== 'scalar') return undefined
  if (slot.bytes.filter(kind => kind === 'spill').length !== size) return undefined
  const value = constOf(slot.spilled.value)
  if (value !== undefined) markPrecise(slot.spilled)
  return value
}
