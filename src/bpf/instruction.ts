import {BPF_CLASS, BPF_MODE, BPF_PSEUDO, BPF_SIZE} from './opcodes.ts'

/**
 * One instruction. A 64-bit immediate load takes two encoding slots but is one value here.
 *
 *     | opcode:8 | src:4 dst:4 | offset:16 | immediate:32 |
 */
export interface Instruction {
  readonly opcode: number
  readonly dst: number
  readonly src: number
  /** Signed 16 bits; jump distances count slots after this instruction. */
  readonly off: number
  /** Signed 32 bits. */
  readonly imm: number
  /** The whole immediate of a 64-bit load that is not a map reference. */
  readonly imm64?: bigint
  /** Name of the map that a 64-bit load refers to: replaced by its descriptor when loaded. */
  readonly map?: string
  /** For a reference into the value of a map (`src` is `BPF_PSEUDO.MAP_VALUE`): the offset in bytes. */
  readonly mapOffset?: number
}

/** Opcode of the two-slot immediate load. */
export const LD_IMM64 = BPF_CLASS.LD | BPF_MODE.IMM | BPF_SIZE.DW

/** How many 8-byte slots an instruction takes. */
export function slotsOf(instruction: Instruction): 1 | 2 {
  return instruction.opcode === LD_IMM64 ? 2 : 1
}

/**
 * Encodes instructions, little-endian. Map references take the descriptor that `mapFd` gives for their name.
 * @throws Error when a map has no descriptor.
 */
export function encode(
  instructions: readonly Instruction[],
  mapFd: (name: string) => number | undefined = () => 0,
): Buffer {
  const slots = instructions.reduce((sum, instruction) => sum + slotsOf(instruction), 0)
  const bytes = Buffer.alloc(slots * 8)
  let at = 0
  for (const instruction of instructions) {
    const {opcode, dst, src, off} = instruction
    let imm = instruction.imm
    let high = 0
    if (instruction.map !== undefined) {
      const fd = mapFd(instruction.map)
      if (fd === undefined) throw new Error(`no descriptor for map ${instruction.map}`)
      imm = fd
      high = instruction.mapOffset ?? 0
    } else if (instruction.imm64 !== undefined) {
      imm = Number(BigInt.asIntN(32, instruction.imm64))
      high = Number(BigInt.asIntN(32, instruction.imm64 >> 32n))
    }
    bytes.writeUInt8(opcode, at)
    bytes.writeUInt8((src << 4) | dst, at + 1)
    bytes.writeInt16LE(off, at + 2)
    bytes.writeInt32LE(imm, at + 4)
    if (opcode === LD_IMM64) bytes.writeInt32LE(high, at + 12)
    at += slotsOf(instruction) * 8
  }
  return bytes
}

/**
 * Decodes instructions. Map references keep their descriptor in `imm`.
 * @throws RangeError when the bytes are not whole instructions.
 */
export function decode(bytes: Buffer): Instruction[] {
  if (bytes.length % 8 !== 0)
    throw new RangeError(`${bytes.length} bytes are not whole instructions`)
  const instructions: Instruction[] = []
  for (let at = 0; at < bytes.length; at += 8) {
    const opcode = bytes.readUInt8(at)
    const registers = bytes.readUInt8(at + 1)
    const src = registers >> 4
    const imm = bytes.readInt32LE(at + 4)
    const instruction = {opcode, dst: registers & 15, src, off: bytes.readInt16LE(at + 2), imm}
    if (opcode !== LD_IMM64) {
      instructions.push(instruction)
      continue
    }
    if (at + 16 > bytes.length) throw new RangeError('the last instruction is cut')
    const high = bytes.readInt32LE(at + 12)
    at += 8
    const imm64 = (BigInt(high) << 32n) | BigInt(imm >>> 0)
    instructions.push(src === BPF_PSEUDO.NONE ? {...instruction, imm64} : instruction)
  }
  return instructions
}
