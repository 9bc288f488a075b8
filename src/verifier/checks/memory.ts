import {anyNumber, kindOf, known, linked, type Pointer, type Register} from '../machine/register.ts'
import {
  fitsStored,
  isWritten,
  loadFixed,
  type StackRange,
  stackRange,
  storeFixed,
  storeUnknown,
  touchRead,
} from '../machine/stack.ts'
import {currentFrame, type Frame} from '../machine/state.ts'
import {Refusal} from '../problem.ts'
import {tnumAdd, tnumConst, tnumIsAligned} from '../values/tnum.ts'
import {constOf} from '../values/value.ts'
import type {WalkContext} from '../walk-context.ts'
import {loadContext, storeContext} from './context.ts'
import {loadKernelObject} from './kernel-object.ts'

/** Creation flag of maps that programs cannot write (linux v6.18 include/uapi/linux/bpf.h, BPF_F_RDONLY_PROG). */
const RDONLY_PROG = 0x80
/** Creation flag of maps that programs cannot read (BPF_F_WRONLY_PROG). */
const WRONLY_PROG = 0x100
/** Pointers never move further (linux v6.18 include/linux/bpf_verifier.h, BPF_MAX_VAR_OFF). */
export const MAX_OFFSET = 1n << 29n

/** The pointer in a register that an instruction goes through. */
export function requirePointer(register: Register, number: number): Pointer {
  if (register === undefined) throw new Refusal('uninitialised', `r${number} was never written`)
  if (register.kind === 'scalar')
    throw new Refusal('bad-dereference', `r${number} is a number, not an address`, {
      hint: 'read foreign memory by a probe_read helper',
    })
  if (register.maybeNull)
    throw new Refusal('null-dereference', `r${number} may be null (${kindOf(register)})`, {
      hint: `test r${number} for 0 first`,
    })
  return register
}

/** Checks that an access of `size` bytes lies in an object of `limit` bytes. */
export function requireInside(pointer: Pointer, off: number, size: number, limit: number): void {
  const {smin, umax} = pointer.variable.wide
  const start = BigInt(pointer.off + off)
  const details = `${size} bytes at ${start + smin} of ${limit}`
  const low = start + smin
  if (low < 0n || low + BigInt(size) > BigInt(limit))
    throw new Refusal('bounds', `${details}: the least offset is outside`, {
      hint: 'test the lower bound too, or use an unsigned comparison',
    })
  if (umax >= MAX_OFFSET) throw new Refusal('bounds', 'the offset has no upper bound')
  if (start + umax + BigInt(size) > BigInt(limit))
    throw new Refusal('bounds', `${size} bytes at up to ${start + umax} of ${limit}`, {
      hint: 'lower the upper bound so that offset and size fit together',
    })
}

/** Checks that the context pointer was not moved. */
export function requireUnmoved(pointer: Pointer, number: number): void {
  if (pointer.off !== 0 || constOf(pointer.variable) !== 0n)
    throw new Refusal('context', `r${number} is a moved ${kindOf(pointer)}`, {
      hint: 'fold the distance into the load',
    })
}

function requireAligned(pointer: Pointer, off: number, size: number): void {
  const place = tnumAdd(pointer.variable.tnum, tnumConst(BigInt(pointer.off + off)))
  if (!tnumIsAligned(place, size))
    throw new Refusal(pointer.target === 'stack' ? 'stack' : 'bounds', 'the access is misaligned')
}

function stackPlace(context: WalkContext, pointer: Pointer, off: number, size: number): StackRange {
  const range = stackRange(pointer, off, size)
  const frame = context.state.frames[pointer.frame!]!
  context.useStack(frame.subprogram, -range.min)
  return range
}

/** What a plain access is. */
export interface Access {
  readonly off: number
  readonly size: number
  /** Whether it must be aligned: atomic operations. */
  readonly atomic?: boolean
  /** The register that is stored. */
  readonly source?: number
}

/**
 * What a load gives, before it is cut to its size.
 * @throws Refusal
 */
export function load(
  context: WalkContext,
  pointer: Pointer,
  number: number,
  access: Access,
): NonNullable<Register> {
  const {off, size} = access
  if (access.atomic === true || pointer.target === 'stack') requireAligned(pointer, off, size)
  switch (pointer.target) {
    case 'ctx':
      requireUnmoved(pointer, number)
      return loadContext(context.input, off, size, context.newId)
    case 'stack': {
      const range = stackPlace(context, pointer, off, size)
      const frame = context.state.frames[pointer.frame!]!
      requireWritten(context, frame, range, size)
      if (range.min === range.max) return loadFixed(frame, range.min, size)
      touchRead(frame, range, size)
      return anyNumber()
    }
    case 'map-value':
      return loadMapValue(pointer, off, size)
    case 'map-key':
      requireInside(pointer, off, size, pointer.map!.keySize)
      return anyNumber()
    case 'record':
      requireInside(pointer, off, size, pointer.size!)
      return anyNumber()
    case 'kernel':
      return loadKernelObject(context.input.btf, pointer, off, size, context.newId)
    default:
      throw new Refusal('bad-dereference', `r${number} is a ${kindOf(pointer)}: nothing to load`)
  }
}

function loadMapValue(pointer: Pointer, off: number, size: number): NonNullable<Register> {
  const map = pointer.map!
  if (((map.flags ?? 0) & WRONLY_PROG) !== 0)
    throw new Refusal('read-only', 'the map is not for programs to read')
  requireInside(pointer, off, size, map.valueSize)
  const place = constOf(pointer.variable)
  const isConstant = map.frozen === true && ((map.flags ?? 0) & RDONLY_PROG) !== 0
  if (!isConstant || place === undefined || map.type !== 'array') return anyNumber()
  if (map.maxEntries !== 1)
    throw new Refusal('map', 'a frozen array of several entries is read at a known place')
  const bytes = Buffer.alloc(8)
  const start = pointer.off + off + Number(place)
  map.contents?.copy(bytes, 0, start, Math.min(start + size, map.contents.length))
  return known(bytes.readBigUInt64LE(0))
}

/**
 * Stores a register's content; `undefined` stores bytes that nothing is known of.
 * @throws Refusal
 */
export function store(
  context: WalkContext,
  pointer: Pointer,
  number: number,
  access: Access,
  content: Register,
): void {
  const {off, size} = access
  if (access.atomic === true || pointer.target === 'stack') requireAligned(pointer, off, size)
  switch (pointer.target) {
    case 'ctx':
      requireUnmoved(pointer, number)
      storeContext(context.input, off, size)
      return
    case 'stack':
      storeStack(context, pointer, access, content)
      return
    case 'map-value':
      requireWritable(pointer)
      requireNoAddress(context, content)
      requireInside(pointer, off, size, pointer.map!.valueSize)
      return
    case 'record':
      requireNoAddress(context, content)
      requireInside(pointer, off, size, pointer.size!)
      return
    default:
      throw new Refusal('read-only', `r${number} is a ${kindOf(pointer)}: it cannot be written`)
  }
}

function requireNoAddress({strict}: WalkContext, content: Register): void {
  if (strict && content?.kind === 'pointer')
    throw new Refusal('portability', `a ${kindOf(content)} is stored where others can read it`, {
      hint: 'strict mode: addresses of the kernel do not belong there',
    })
}

function requireWritten(
  {strict}: WalkContext,
  frame: Frame,
  range: StackRange,
  size: number,
): void {
  if (strict && !isWritten(frame, range, size))
    throw new Refusal('portability', 'stack is read that was never written', {
      hint: 'strict mode: set it first; kernels before 6.3 refuse it, later ones give what was left there',
    })
}

/** Checks that programs may write the map's values. */
export function requireWritable(pointer: Pointer): void {
  if (((pointer.map?.flags ?? 0) & RDONLY_PROG) !== 0)
    throw new Refusal('read-only', 'the map is read-only for programs')
}

function storeStack(
  context: WalkContext,
  pointer: Pointer,
  {off, size, source}: Access,
  content: Register,
): void {
  const range = stackPlace(context, pointer, off, size)
  const frame = context.state.frames[pointer.frame!]!
  const isPointer = content?.kind === 'pointer'
  if (range.min !== range.max) {
    storeUnknown(frame, range, size)
    return
  }
  if (isPointer && size !== 8)
    throw new Refusal('stack', `a pointer is stored by ${size} bytes`, {hint: 'store all 8 bytes'})
  const ownFrame = frame === currentFrame(context.state)
  if (isPointer && content.target === 'stack' && !ownFrame)
    throw new Refusal('stack', "a stack pointer is stored in the caller's frame")
  if (content?.kind === 'scalar' && source !== undefined && range.min % 8 === 0) {
    if (fitsStored(content, size)) {
      const copied = linked(content, context.newId)
      currentFrame(context.state).registers[source] = copied
      storeFixed(frame, range.min, size, copied)
      return
    }
  }
  storeFixed(frame, range.min, size, content)
}

/** How a helper uses memory. */
export interface MemoryUse {
  readonly size: number
  readonly writes: boolean
  /** Whether `size` is exact, not just the most that is used. */
  readonly isWhole?: boolean
  /** Whether the size may be zero. */
  readonly orNothing: boolean
}

/**
 * Checks memory that a helper reads or writes, and forgets what it overwrites.
 * @throws Refusal
 */
export function passMemory(
  context: WalkContext,
  register: Register,
  number: number,
  {size, writes, isWhole = false, orNothing}: MemoryUse,
): void {
  if (register?.kind === 'scalar' && orNothing && size === 0 && constOf(register.value) === 0n)
    return
  if (register === undefined || register.kind === 'scalar' || register.maybeNull)
    throw new Refusal('argument', `r${number} must point to memory, it is: ${kindOf(register)}`)
  if (size === 0 && !orNothing) throw new Refusal('argument', 'the memory has size zero')
  switch (register.target) {
    case 'stack': {
      const range = stackPlace(context, register, 0, size)
      const frame = context.state.frames[register.frame!]!
      // What a helper fills in whole is not read before.
      if (!writes) requireWritten(context, frame, range, size)
      if (!writes || !isWhole) touchRead(frame, range, size)
      if (writes) storeUnknown(frame, range, size)
      return
    }
    case 'map-value':
      if (writes) requireWritable(register)
      else if (((register.map!.flags ?? 0) & WRONLY_PROG) !== 0)
        throw new Refusal('read-only', 'the map is not for programs to read')
      requireInside(register, 0, size, register.map!.valueSize)
      return
    case 'map-key':
      if (writes) throw new Refusal('read-only', `r${number} is the key of a map`)
      requireInside(register, 0, size, register.map!.keySize)
      return
    case 'record':
      requireInside(register, 0, size, register.size!)
      return
    default:
      throw new Refusal('argument', `r${number} must point to memory, it is: ${kindOf(register)}`)
  }
}
