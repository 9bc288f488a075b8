import {BPF_MODE} from '../../bpf/opcodes.ts'
import {anyNumber, known, pointer, type Register, scalar} from '../machine/register.ts'
import {currentFrame} from '../machine/state.ts'
import {Refusal} from '../problem.ts'
import {type Slot, subprogramAt, WIDE_SOURCE} from '../program.ts'
import {referredMap} from '../references.ts'
import {signExtended, truncated} from '../values/arithmetic.ts'
import {constOf} from '../values/value.ts'
import type {WalkContext} from '../walk-context.ts'
import {readRegister, requireWritableRegister} from './alu.ts'
import {load, requirePointer, store} from './memory.ts'

const SIZES: Readonly<Record<number, 1 | 2 | 4 | 8>> = {0: 4, 8: 2, 16: 1, 24: 8}
const FETCH = 1
const XCHG = 0xe1
const CMPXCHG = 0xf1
const ATOMICS: ReadonlySet<number> = new Set([
  ...[0x00, 0x40, 0x50, 0xa0].flatMap(op => [op, op | FETCH]),
  XCHG,
  CMPXCHG,
])

/** Walks a load. */
export function walkLoad(context: WalkContext, slot: Slot): void {
  const from = requirePointer(readRegister(context, slot.src), slot.src)
  requireWritableRegister(slot.dst)
  const size = SIZES[slot.opcode & 0x18]!
  const loaded = load(context, from, slot.src, {off: slot.off, size})
  const isSigned = (slot.opcode & 0xe0) === BPF_MODE.MEMSX
  if (isSigned && from.target === 'ctx')
    throw new Refusal('context', 'the context cannot be loaded with a sign')
  currentFrame(context.state).registers[slot.dst] = cut(loaded, size, isSigned)
}

function cut(loaded: NonNullable<Register>, size: 1 | 2 | 4 | 8, isSigned: boolean): Register {
  if (size === 8) return loaded
  if (loaded.kind === 'pointer')
    throw new Refusal('bad-dereference', 'a part of a pointer is loaded')
  if (isSigned) return scalar(signExtended(loaded.value, (size * 8) as 8 | 16 | 32), [loaded])
  const value = truncated(loaded.value, size)
  const link = value === loaded.value ? loaded.link : 0
  return {...scalar(value, [loaded]), link, delta: loaded.delta}
}

/** Walks a store, atomic ones included. */
export function walkStore(context: WalkContext, slot: Slot): void {
  const size = SIZES[slot.opcode & 0x18]!
  const byRegister = (slot.opcode & 7) === 3
  if ((slot.opcode & 0xe0) === BPF_MODE.ATOMIC) {
    walkAtomic(context, slot, size)
    return
  }
  if (byRegister ? slot.imm !== 0 : slot.src !== 0)
    throw new Refusal('encoding', 'a reserved field is not zero')
  const content = byRegister ? readRegister(context, slot.src) : known(BigInt(slot.imm))
  const to = requirePointer(readRegister(context, slot.dst), slot.dst)
  store(
    context,
    to,
    slot.dst,
    {off: slot.off, size, ...(byRegister ? {source: slot.src} : {})},
    content,
  )
}

function walkAtomic(context: WalkContext, slot: Slot, size: 1 | 2 | 4 | 8): void {
  if (!ATOMICS.has(slot.imm) || size < 4)
    throw new Refusal('encoding', `0x${(slot.imm >>> 0).toString(16)} is no atomic operation`)
  const operand = readRegister(context, slot.src)
  const place = requirePointer(readRegister(context, slot.dst), slot.dst)
  const expected = slot.imm === CMPXCHG ? readRegister(context, 0) : undefined
  const isShared =
    place.target === 'map-value' || place.target === 'record' || place.target === 'stack'
  if (!isShared || operand.kind === 'pointer' || expected?.kind === 'pointer')
    throw new Refusal('bad-dereference', `no atomic operation works through r${slot.dst}`)
  if (place.target === 'stack' && constOf(place.variable) === undefined)
    throw new Refusal('stack', `an atomic operation at an unknown place of the stack`)
  const access = {off: slot.off, size, atomic: true}
  load(context, place, slot.dst, access)
  store(context, place, slot.dst, access, undefined)
  const fetched = slot.imm === CMPXCHG ? 0 : (slot.imm & FETCH) !== 0 ? slot.src : undefined
  if (fetched === undefined) return
  requireWritableRegister(fetched)
  currentFrame(context.state).registers[fetched] = cut(anyNumber(), size, false)
}

/** Walks a two-slot load. */
export function walkWideLoad(context: WalkContext, slot: Slot): void {
  const {program, input, state, at} = context
  requireWritableRegister(slot.dst)
  if (slot.off !== 0) throw new Refusal('encoding', 'a reserved field is not zero')
  const high = program.slots[at + 1]!.imm
  const {registers} = currentFrame(state)
  switch (slot.src) {
    case WIDE_SOURCE.map:
    case WIDE_SOURCE.mapValue: {
      const map = referredMap(input, slot)!
      if (slot.src === WIDE_SOURCE.map) {
        registers[slot.dst] = pointer('map', {map})
        return
      }
      registers[slot.dst] = pointer('map-value', {map, off: high})
      return
    }
    case WIDE_SOURCE.func: {
      const entry = at + 1 + slot.imm
      if (subprogramAt(program.starts, entry) === 0)
        throw new Refusal('flow', 'the main program is no callback')
      registers[slot.dst] = pointer('callback', {entry})
      return
    }
    default:
      registers[slot.dst] = known((BigInt(high) << 32n) | BigInt(slot.imm >>> 0))
  }
}
