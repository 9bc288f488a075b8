import {BTF_KIND} from '../../bpf/btf.ts'
import {
  type Argument,
  type HelperSignature,
  helperSignature,
  isGplCompatible,
  LOOKUP_HELPER,
  PLAIN_MAPS,
  SPECIAL_MAPS,
  TAIL_CALL_HELPER,
} from '../helpers.ts'
import type {VerifierMap} from '../input.ts'
import {
  anyNumber,
  kindOf,
  markPrecise,
  type Pointer,
  pointer,
  type Register,
  scalar,
} from '../machine/register.ts'
import {constantKey} from '../machine/stack.ts'
import {currentFrame, mapRegisters} from '../machine/state.ts'
import {Refusal} from '../problem.ts'
import {TNUM_UNKNOWN} from '../values/tnum.ts'
import {constOf, LOW_UNBOUNDED, signedValue, synced, WIDE_UNBOUNDED} from '../values/value.ts'
import type {WalkContext} from '../walk-context.ts'
import {MAX_OFFSET, passMemory, requireInside, requireUnmoved} from './memory.ts'

/** What a call's arguments say that its result depends on. */
interface CallFacts {
  map?: VerifierMap
  /** Key that the call surely asks for. */
  key?: bigint
  /** Upper bound of the last size argument. */
  maxSize: bigint
  released: number
  /** Size of a reserved record. */
  constant: bigint
  callback?: Pointer
}

/**
 * Checks a helper call's arguments and sets its result. Callbacks are run by the caller.
 * @throws Refusal
 */
export function callHelper(context: WalkContext, id: number): {readonly callback?: Pointer} {
  const helper = availableHelper(context, id)
  const {registers} = currentFrame(context.state)
  const facts: CallFacts = {maxSize: 0n, released: 0, constant: 0n}
  helper.args.forEach((argument, index) => {
    const register = registers[index + 1]
    if (register === undefined)
      throw new Refusal(
        'uninitialised',
        `r${index + 1} was never written (argument of ${helper.name})`,
      )
    passArgument(context, helper, argument, index + 1, facts)
  })
  if (id === TAIL_CALL_HELPER && context.state.references.size > 0)
    throw new Refusal('reference', 'a tail call would leak a reserved record')
  if (facts.released !== 0) release(context, facts.released)
  const result = resultOf(context, helper, facts, id)
  for (let index = 0; index <= 5; index++) registers[index] = undefined
  registers[0] = result
  return facts.callback === undefined ? {} : {callback: facts.callback}
}

function availableHelper({input}: WalkContext, id: number): HelperSignature {
  const helper = helperSignature(id)
  if (helper === undefined)
    throw new Refusal('helper', `helper ${id} does not exist or is not for programs of this kind`)
  if (helper.tracing === true && input.type === 'socket_filter')
    throw new Refusal('helper', `${helper.name} is not for programs of this kind`)
  if (helper.only !== undefined && helper.only !== input.type)
    throw new Refusal('helper', `${helper.name} is only for programs of type ${helper.only}`)
  if (helper.gpl === true && !isGplCompatible(input.license))
    throw new Refusal('helper', `${helper.name} needs a GPL-compatible license`, {
      hint: `the license is ${JSON.stringify(input.license)}`,
    })
  return helper
}

function passArgument(
  context: WalkContext,
  helper: HelperSignature,
  argument: Argument,
  number: number,
  facts: CallFacts,
): void {
  const {registers} = currentFrame(context.state)
  const register = registers[number]!
  switch (argument) {
    case 'any':
    case 'read':
    case 'read-null':
    case 'write':
      return
    case 'ctx':
      requireUnmoved(requireTarget(register, number, 'ctx'), number)
      return
    case 'map': {
      const found = requireTarget(register, number, 'map')
      requireUnmoved(found, number)
      facts.map = suitableMap(found.map!, helper)
      return
    }
    case 'key': {
      const size = facts.map!.keySize
      facts.key = keyOf(context, register, size) ?? -1n
      passMemory(context, register, number, {size, writes: false, orNothing: false})
      return
    }
    case 'value-null':
      if (register.kind === 'scalar' && constOf(register.value) === 0n) return
      passMemory(context, register, number, {
        size: facts.map!.valueSize,
        writes: false,
        orNothing: false,
      })
      return
    case 'fill': {
      const use = {size: facts.map!.valueSize, writes: true, isWhole: true, orNothing: false}
      passMemory(context, register, number, use)
      return
    }
    case 'value': {
      const size = facts.map!.valueSize
      passMemory(context, register, number, {size, writes: false, orNothing: false})
      return
    }
    case 'size':
    case 'size0':
      facts.maxSize = passSized(context, helper, argument, number)
      return
    case 'constant': {
      const value = register.kind === 'scalar' ? constOf(register.value) : undefined
      if (value === undefined || register.kind !== 'scalar')
        throw new Refusal('argument', `r${number} must be a known constant`)
      if (value < 0n || value >= MAX_OFFSET)
        throw new Refusal('argument', `${value} bytes cannot be reserved`)
      markPrecise(register)
      facts.constant = value
      return
    }
    case 'release': {
      const record = requireTarget(register, number, 'record')
      if (record.reference === 0)
        throw new Refusal('reference', `r${number} holds nothing to release`)
      if (record.off !== 0 || constOf(record.variable) !== 0n)
        throw new Refusal('reference', `r${number} is not at the start of the record`)
      facts.released = record.reference
      return
    }
    case 'callback':
      facts.callback = requireTarget(register, number, 'callback')
      requireUnmoved(facts.callback, number)
      return
    case 'stack-or-null':
      if (register.kind === 'scalar' && constOf(register.value) === 0n) return
      requireTarget(register, number, 'stack')
      return
    case 'text':
      passText(register, number)
      return
    case 'task':
      passObject(context, register, number, 'task_struct')
      return
    case 'seq':
      passObject(context, register, number, 'seq_file')
      return
  }
}

function requireTarget(
  register: NonNullable<Register>,
  number: number,
  target: Pointer['target'],
): Pointer {
  if (register.kind === 'pointer' && register.target === target && !register.maybeNull)
    return register
  throw new Refusal(
    'argument',
    `r${number} must be a ${target} pointer, it is: ${kindOf(register)}`,
  )
}

function suitableMap(map: VerifierMap, {name, maps}: HelperSignature): VerifierMap {
  const users = SPECIAL_MAPS[map.type]
  const suits =
    users === undefined
      ? PLAIN_MAPS.has(map.type) && (maps === undefined || maps.includes(map.type))
      : users.includes(name)
  if (!suits) throw new Refusal('map', `${name} does not work on maps of type ${map.type}`)
  const changes = name === 'map_update_elem' || name === 'map_delete_elem'
  if (changes && ((map.flags ?? 0) & 0x80) !== 0)
    throw new Refusal('read-only', 'the map is read-only for programs')
  return map
}

function keyOf(context: WalkContext, register: Register, size: number): bigint | undefined {
  if (register?.kind !== 'pointer' || register.target !== 'stack') return undefined
  const moved = constOf(register.variable)
  if (moved === undefined) return undefined
  const off = register.off + Number(moved)
  if (off < -512 || off + size > 0) return undefined
  return constantKey(context.state.frames[register.frame!]!, off, size)
}

/** Checks the size in a register together with the memory that the register before it points to. */
function passSized(
  context: WalkContext,
  helper: HelperSignature,
  argument: 'size' | 'size0',
  number: number,
): bigint {
  const {registers} = currentFrame(context.state)
  const size = registers[number]!
  if (size.kind !== 'scalar') throw new Refusal('argument', `r${number} must be a size`)
  const {smin, umin, umax} = size.value.wide
  if (smin < 0n)
    throw new Refusal('argument', `the size in r${number} may be negative`, {
      hint: 'mask it, or test it unsigned',
    })
  if (umin === 0n && argument === 'size')
    throw new Refusal('argument', `the size in r${number} may be zero`)
  if (umax >= MAX_OFFSET)
    throw new Refusal('argument', `the size in r${number} has no upper bound`, {hint: 'mask it'})
  passMemory(context, registers[number - 1], number - 1, {
    size: Number(umax),
    writes: helper.args[number - 2] === 'write',
    isWhole: umin === umax,
    orNothing: argument === 'size0',
  })
  markPrecise(size)
  return umax
}

function passText(register: NonNullable<Register>, number: number): void {
  const text = requireTarget(register, number, 'map-value')
  const map = text.map!
  const off = constOf(text.variable)
  const isConstant = map.frozen === true && ((map.flags ?? 0) & 0x80) !== 0
  if (!isConstant || off === undefined || map.type !== 'array' || map.maxEntries !== 1)
    throw new Refusal('argument', `r${number} must be a text in a frozen read-only map`)
  const start = text.off + Number(off)
  requireInside(text, 0, Math.max(0, map.valueSize - text.off), map.valueSize)
  const bytes = Buffer.alloc(map.valueSize)
  map.contents?.copy(bytes)
  if (start < 0 || !bytes.subarray(start).includes(0))
    throw new Refusal('argument', `the text in r${number} has no end`)
}

/** Checks a trusted kernel object of a type. */
function passObject(
  {input}: WalkContext,
  register: NonNullable<Register>,
  number: number,
  name: 'task_struct' | 'seq_file',
): void {
  const found = requireTarget(register, number, 'kernel')
  const wanted = input.btf?.find(name, BTF_KIND.STRUCT)
  const suits = found.trusted === true && found.type === wanted && wanted !== undefined
  if (!suits || found.off !== 0 || constOf(found.variable) !== 0n)
    throw new Refusal('argument', `r${number} must be a trusted ${name}`)
}

function release({state}: WalkContext, reference: number): void {
  const references = new Map(state.references)
  if (!references.delete(reference))
    throw new Refusal('reference', 'the record was released before')
  state.references = references
  mapRegisters(state, register =>
    register.kind === 'pointer' && register.reference === reference ? anyNumber() : register,
  )
}

function resultOf(
  context: WalkContext,
  {result}: HelperSignature,
  facts: CallFacts,
  id: number,
): Register {
  const {input, newId} = context
  switch (result) {
    case 'number':
      return anyNumber()
    case 'length': {
      const length = signedValue(-4095n, facts.maxSize)
      const low = {...LOW_UNBOUNDED, smin: -4095n, smax: facts.maxSize}
      const wide = {...WIDE_UNBOUNDED, smin: length.wide.smin, smax: length.wide.smax}
      return scalar(synced(TNUM_UNKNOWN, wide, low))
    }
    case 'map-value': {
      const map = facts.map!
      // Only since Linux 6.15.
      const cannotMiss =
        !context.strict &&
        id === LOOKUP_HELPER &&
        (map.type === 'array' || map.type === 'percpu_array') &&
        facts.key !== undefined &&
        facts.key >= 0n &&
        facts.key < BigInt(map.maxEntries)
      return pointer('map-value', {map, maybeNull: !cannotMiss, id: cannotMiss ? 0 : newId()})
    }
    case 'record': {
      const id = newId()
      context.state.references = new Map(context.state.references).set(id, context.at)
      return pointer('record', {
        maybeNull: true,
        id,
        reference: id,
        size: Number(facts.constant),
      })
    }
    case 'task':
    case 'regs': {
      const name = result === 'task' ? 'task_struct' : 'pt_regs'
      const type = input.btf?.find(name, BTF_KIND.STRUCT)
      return pointer('kernel', {trusted: true, ...(type === undefined ? {} : {type})})
    }
    case 'none':
      return undefined
  }
}
