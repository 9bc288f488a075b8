/**
 * Adapts a program to the types of the kernel that it is loaded into ("compile once, run everywhere"): the compiler notes which
 * instructions hold an offset, size or value that depends on a type (linux v6.8 Documentation/bpf/llvm_reloc.rst), and they are
 * rewritten here for the type of the same name.
 */
import {BTF_KIND, type Btf} from '../btf.ts'
import {type Instruction, LD_IMM64, slotsOf} from '../instruction.ts'
import {BPF_CLASS, BPF_JMP_OP, BPF_SIZE, BPF_SOURCE} from '../opcodes.ts'
import {
  accessNumbers,
  isSameSort,
  localPath,
  type Place,
  storageOf,
  targetPlace,
} from './core-path.ts'
import {guarded, invalidObject} from './invalid-object.ts'
import type {CoreRelocation, ObjectProgram} from './object-model.ts'

/** enum bpf_core_relo_kind (linux v6.8 include/uapi/linux/bpf.h). */
const KIND = {
  FIELD_OFFSET: 0,
  FIELD_SIZE: 1,
  FIELD_EXISTS: 2,
  FIELD_SIGNED: 3,
  FIELD_LSHIFT: 4,
  FIELD_RSHIFT: 5,
  TYPE_ID_LOCAL: 6,
  TYPE_ID_TARGET: 7,
  TYPE_EXISTS: 8,
  TYPE_SIZE: 9,
  ENUM_EXISTS: 10,
  ENUM_VALUE: 11,
} as const
/** An unknown helper: the verifier refuses it wherever it can be reached, and so allows it in dead code only. */
const POISON_HELPER = 0xbad2310
/** Types of one name that are tried. */
const MAX_CANDIDATES = 64

/** What an instruction becomes. Undefined: the kernel has nothing that fits. */
interface Answer {
  readonly value: bigint
  /** Size of the field in the object and in the kernel, where the instruction itself may load it. */
  readonly sizes?: {readonly local: number; readonly target: number}
}

/**
 * The instructions of a program for this kernel. What the kernel does not have becomes 0 where the program asks whether it is
 * there, and else an instruction that must not be reached.
 * @throws CodedError OBJECT_INVALID when the object contradicts itself, or several types of the kernel fit differently
 */
export function relocateProgram(program: ObjectProgram, local: Btf, target: Btf): Instruction[] {
  return guarded(`program ${program.name}`, () => {
    const bySlot = new Map(program.relocations.map(relocation => [relocation.slot, relocation]))
    const answers = new Map<string, Answer | undefined>()
    let slot = 0
    return program.instructions.flatMap(instruction => {
      const relocation = bySlot.get(slot)
      slot += slotsOf(instruction)
      if (relocation === undefined) return [instruction]
      const {type, access, kind} = relocation
      const key = `${type} ${kind} ${access}`
      if (!answers.has(key)) answers.set(key, resolve(relocation, local, target))
      const answer = answers.get(key)
      return answer === undefined
        ? poisoned(instruction)
        : [patched(instruction, answer, program.name)]
    })
  })
}

function resolve(relocation: CoreRelocation, local: Btf, target: Btf): Answer | undefined {
  const {type, access, kind} = relocation
  if (kind === KIND.TYPE_ID_LOCAL) return {value: BigInt(type)}
  if (kind > KIND.ENUM_VALUE) throw invalidObject(`relocations of kind ${kind} are not known`)
  const root = skipQualifiers(local, type)
  const name = local.nameOf(root).replace(/___.*$/s, '')
  if (name === '') throw invalidObject(`type ${type} of a relocation has no name`)
  const candidates = kindsLike(local.kindOf(root))
    .flatMap(each => target.findAll(name, each))
    .slice(0, MAX_CANDIDATES)
  const found =
    kind <= KIND.FIELD_RSHIFT
      ? fieldAnswers(kind, local, root, access, target, candidates)
      : kind >= KIND.ENUM_EXISTS
        ? enumAnswers(kind, local, root, access, target, candidates)
        : candidates.map(each => ({value: typeValue(kind, target, each)}))
  const [first] = found
  if (first === undefined) return isQuestion(kind) ? {value: 0n} : undefined
  if (kind !== KIND.TYPE_ID_TARGET && found.some(({value}) => value !== first.value))
    throw invalidObject(`the kernel has several types ${name} that differ`)
  return first
}

function isQuestion(kind: number): boolean {
  return (
    kind === KIND.FIELD_EXISTS ||
    kind === KIND.TYPE_EXISTS ||
    kind === KIND.TYPE_SIZE ||
    kind === KIND.ENUM_EXISTS
  )
}

function skipQualifiers(types: Btf, type: number): number {
  let at = type
  for (let depth = 0; depth < 64; depth++) {
    const kind = types.kindOf(at)
    if (kind < BTF_KIND.VOLATILE || kind > BTF_KIND.RESTRICT) return at
    at = types.targetOf(at)
  }
  throw invalidObject(`type ${type} refers to itself`)
}

function kindsLike(kind: number): number[] {
  const isEnum = kind === BTF_KIND.ENUM || kind === BTF_KIND.ENUM64
  return isEnum ? [BTF_KIND.ENUM, BTF_KIND.ENUM64] : [kind]
}

function typeValue(kind: number, target: Btf, type: number): bigint {
  if (kind === KIND.TYPE_EXISTS) return 1n
  return BigInt(kind === KIND.TYPE_SIZE ? target.sizeOf(type) : type)
}

function fieldAnswers(
  kind: number,
  local: Btf,
  root: number,
  access: string,
  target: Btf,
  candidates: readonly number[],
): Answer[] {
  const path = localPath(local, root, access)
  const localSize = storageOf(local, path.place).size
  return candidates.flatMap(candidate => {
    const place = targetPlace(target, candidate, path.steps)
    if (place === undefined || !isSameSort(local, path.place.type, target, place.type)) return []
    const value = fieldValue(kind, target, place)
    if (kind !== KIND.FIELD_OFFSET) return [{value}]
    return [{value, sizes: {local: localSize, target: storageOf(target, place).size}}]
  })
}

function fieldValue(kind: number, types: Btf, place: Place): bigint {
  if (kind === KIND.FIELD_EXISTS) return 1n
  if (kind === KIND.FIELD_SIGNED) return isSigned(types, place.type) ? 1n : 0n
  const {offset, size} = storageOf(types, place)
  const width = place.bitWidth === 0 ? size * 8 : place.bitWidth
  switch (kind) {
    case KIND.FIELD_OFFSET:
      return BigInt(offset)
    case KIND.FIELD_SIZE:
      return BigInt(size)
    case KIND.FIELD_LSHIFT:
      return BigInt(64 - (place.bitOffset + width - offset * 8))
    default:
      return BigInt(64 - width)
  }
}

function isSigned(types: Btf, type: number): boolean {
  const resolved = types.resolve(type)
  return (
    (types.intEncoding(resolved) & 1) !== 0 ||
    types.enumerators(resolved).some(({value}) => value < 0n)
  )
}

function enumAnswers(
  kind: number,
  local: Btf,
  root: number,
  access: string,
  target: Btf,
  candidates: readonly number[],
): Answer[] {
  const wanted = local.enumerators(local.resolve(root))[accessNumbers(access)[0]!]
  if (wanted === undefined) throw invalidObject(`access ${access} leads out of an enumeration`)
  const name = wanted.name.replace(/___.*$/s, '')
  return candidates.flatMap(candidate => {
    const found = target.enumerators(candidate).find(each => each.name === name)
    if (found === undefined) return []
    return [{value: kind === KIND.ENUM_EXISTS ? 1n : found.value}]
  })
}

const SIZE_BITS = new Map<number, number>([
  [1, BPF_SIZE.B],
  [2, BPF_SIZE.H],
  [4, BPF_SIZE.W],
  [8, BPF_SIZE.DW],
])

function patched(instruction: Instruction, {value, sizes}: Answer, program: string): Instruction {
  const {opcode} = instruction
  switch (opcode & 7) {
    case BPF_CLASS.ALU:
    case BPF_CLASS.ALU64:
      if ((opcode & BPF_SOURCE.X) !== 0) break
      return {...instruction, imm: Number(BigInt.asIntN(32, value))}
    case BPF_CLASS.LD:
      if (opcode !== LD_IMM64) break
      return {...instruction, imm: 0, imm64: BigInt.asIntN(64, value)}
    case BPF_CLASS.LDX:
    case BPF_CLASS.ST:
    case BPF_CLASS.STX: {
      if (value > 0x7fffn)
        throw invalidObject(`program ${program}: offset ${value} does not fit an instruction`)
      const off = Number(value)
      if (sizes === undefined || sizes.local === sizes.target) return {...instruction, off}
      const bits = SIZE_BITS.get(sizes.target)
      if (bits === undefined) break
      return {...instruction, opcode: (opcode & ~BPF_SIZE.DW) | bits, off}
    }
  }
  throw invalidObject(`program ${program}: a relocation does not fit its instruction`)
}

/** As many slots as before, so that jumps stay right. */
function poisoned(instruction: Instruction): Instruction[] {
  const call: Instruction = {
    opcode: BPF_CLASS.JMP | BPF_JMP_OP.call,
    dst: 0,
    src: 0,
    off: 0,
    imm: POISON_HELPER,
  }
  return slotsOf(instruction) === 2 ? [call, call] : [call]
}
