import {HELPERS, type HelperName} from './helpers.ts'
import {type Instruction, LD_IMM64, slotsOf} from './instruction.ts'
import {
  type AluOp,
  BPF_ALU_OP,
  BPF_ATOMIC,
  BPF_CLASS,
  BPF_JMP_OP,
  BPF_MODE,
  BPF_PSEUDO,
  BPF_SOURCE,
  type JmpOp,
  sizeBits,
  type Width,
} from './opcodes.ts'

/** A register, by number. r0 results, r1–r5 arguments (lost in calls), r6–r9 kept, r10 the frame (read only). */
export type Reg = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10

/** A jump target. Made by {@link Assembler.label}, placed once by {@link Assembler.place}. */
export interface Label {
  readonly name: string
}

interface Pending {
  readonly instruction: Instruction
  readonly target?: Label
}

const INT32 = 2 ** 31

/** Writes instructions one by one; jumps go to labels and are resolved by {@link Assembler.finish}. */
export class Assembler {
  readonly #pending: Pending[] = []
  readonly #placed = new Map<Label, number>()

  /** A new jump target; the name is for messages only. */
  label(name: string): Label {
    return {name}
  }

  /** The next instruction is the label's target. */
  place(label: Label): this {
    if (this.#placed.has(label)) throw new Error(`label ${label.name} is placed twice`)
    this.#placed.set(label, this.#pending.length)
    return this
  }

  /** `dst = src` (64 bits). */
  mov(dst: Reg, src: Reg): this {
    return this.alu('mov', dst, src)
  }

  /** `dst = value`: sign-extended from 32 bits when it fits, else a two-slot load. */
  movImm(dst: Reg, value: number | bigint): this {
    const wide = BigInt(value)
    if (wide >= -BigInt(INT32) && wide < BigInt(INT32)) return this.aluImm('mov', dst, Number(wide))
    return this.#emit({
      opcode: LD_IMM64,
      dst,
      src: BPF_PSEUDO.NONE,
      off: 0,
      imm: 0,
      imm64: BigInt.asIntN(64, wide),
    })
  }

  /** `dst = dst op src` (64 bits). */
  alu(op: AluOp, dst: Reg, src: Reg): this {
    return this.#emit({
      opcode: BPF_CLASS.ALU64 | BPF_SOURCE.X | BPF_ALU_OP[op],
      dst,
      src,
      off: 0,
      imm: 0,
    })
  }

  /** `dst = dst op imm` (64 bits, the immediate sign-extended from 32). */
  aluImm(op: AluOp, dst: Reg, imm: number): this {
    assertImm(imm)
    return this.#emit({
      opcode: BPF_CLASS.ALU64 | BPF_SOURCE.K | BPF_ALU_OP[op],
      dst,
      src: 0,
      off: 0,
      imm,
    })
  }

  /** `(u32)dst = (u32)src`: clears the upper half. */
  mov32(dst: Reg, src: Reg): this {
    return this.#emit({
      opcode: BPF_CLASS.ALU | BPF_SOURCE.X | BPF_ALU_OP.mov,
      dst,
      src,
      off: 0,
      imm: 0,
    })
  }

  /** `dst = sign_extend_32(dst)` by two shifts, which every kernel knows. */
  signExtend32(dst: Reg): this {
    return this.aluImm('lsh', dst, 32).aluImm('arsh', dst, 32)
  }

  /** `dst = *(uN *)(src + off)`. */
  load(width: Width, dst: Reg, src: Reg, off: number): this {
    return this.#emit({
      opcode: BPF_CLASS.LDX | BPF_MODE.MEM | sizeBits(width),
      dst,
      src,
      off,
      imm: 0,
    })
  }

  /** `*(uN *)(dst + off) = src`. */
  store(width: Width, dst: Reg, off: number, src: Reg): this {
    return this.#emit({
      opcode: BPF_CLASS.STX | BPF_MODE.MEM | sizeBits(width),
      dst,
      src,
      off,
      imm: 0,
    })
  }

  /** `*(uN *)(dst + off) = imm`. */
  storeImm(width: Width, dst: Reg, off: number, imm: number): this {
    assertImm(imm)
    return this.#emit({
      opcode: BPF_CLASS.ST | BPF_MODE.MEM | sizeBits(width),
      dst,
      src: 0,
      off,
      imm,
    })
  }

  /** `*(u64 *)(dst + off) += src`, atomically. */
  atomicAdd(dst: Reg, off: number, src: Reg): this {
    return this.#emit({
      opcode: BPF_CLASS.STX | BPF_MODE.ATOMIC | sizeBits(8),
      dst,
      src,
      off,
      imm: BPF_ATOMIC.add,
    })
  }

  /** `dst =` the map with this name. */
  loadMap(dst: Reg, map: string): this {
    return this.#emit({opcode: LD_IMM64, dst, src: BPF_PSEUDO.MAP_FD, off: 0, imm: 0, map})
  }

  /** `dst =` the address of the byte at `offset` in the only value of the map with this name. */
  loadMapValue(dst: Reg, map: string, offset: number): this {
    return this.#emit({
      opcode: LD_IMM64,
      dst,
      src: BPF_PSEUDO.MAP_VALUE,
      off: 0,
      imm: 0,
      map,
      mapOffset: offset,
    })
  }

  /** `goto target`. */
  jump(target: Label): this {
    return this.#emit(
      {opcode: BPF_CLASS.JMP | BPF_JMP_OP.ja, dst: 0, src: 0, off: 0, imm: 0},
      target,
    )
  }

  /** `if (left op right) goto target` (64 bits). */
  jumpIf(op: JmpOp, left: Reg, right: Reg, target: Label): this {
    return this.#emit(
      {
        opcode: BPF_CLASS.JMP | BPF_SOURCE.X | BPF_JMP_OP[op],
        dst: left,
        src: right,
        off: 0,
        imm: 0,
      },
      target,
    )
  }

  /** `if (left op imm) goto target` (64 bits, the immediate sign-extended from 32). */
  jumpIfImm(op: JmpOp, left: Reg, imm: number, target: Label): this {
    assertImm(imm)
    return this.#emit(
      {opcode: BPF_CLASS.JMP | BPF_SOURCE.K | BPF_JMP_OP[op], dst: left, src: 0, off: 0, imm},
      target,
    )
  }

  /** `r0 = helper(r1, …, r5)`; r1–r5 are lost. */
  call(helper: HelperName): this {
    return this.#emit({
      opcode: BPF_CLASS.JMP | BPF_JMP_OP.call,
      dst: 0,
      src: 0,
      off: 0,
      imm: HELPERS[helper],
    })
  }

  /** `return r0`. */
  exit(): this {
    return this.#emit({opcode: BPF_CLASS.JMP | BPF_JMP_OP.exit, dst: 0, src: 0, off: 0, imm: 0})
  }

  /** An instruction of a finished program; a jump goes to `target` instead of where its offset says. */
  append(instruction: Instruction, target?: Label): this {
    return this.#emit(instruction, target)
  }

  /**
   * The finished program.
   * @throws Error when a jump goes to a label that was never placed, or too far for 16 bits.
   */
  finish(): Instruction[] {
    const slot: number[] = []
    let next = 0
    for (const {instruction} of this.#pending) {
      slot.push(next)
      next += slotsOf(instruction)
    }
    slot.push(next)
    return this.#pending.map(({instruction, target}, index) => {
      if (target === undefined) return instruction
      const place = this.#placed.get(target)
      if (place === undefined) throw new Error(`label ${target.name} is not placed`)
      const off = slot[place]! - slot[index]! - 1
      if (off < -32768 || off > 32767) throw new Error(`label ${target.name} is ${off} slots away`)
      return {...instruction, off}
    })
  }

  #emit(instruction: Instruction, target?: Label): this {
    this.#pending.push(target === undefined ? {instruction} : {instruction, target})
    return this
  }
}

function assertImm(imm: number): void {
  if (!Number.isInteger(imm) || imm < -INT32 || imm >= INT32)
    throw new Error(`${imm} is no 32-bit immediate`)
}
