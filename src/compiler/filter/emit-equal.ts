import type {Assembler, Label, Reg} from '../../bpf/assembler.ts'

const INT32 = 2n ** 31n

/** `if (left == value) goto target`, all 64 bits. Loses r5. */
export function emitJumpIfEqual(asm: Assembler, left: Reg, value: bigint, target: Label): void {
  emitCompare(asm, 'jeq', left, value, target)
}

/** `if (left != value) goto target`, all 64 bits. Loses r5. */
export function emitJumpUnlessEqual(asm: Assembler, left: Reg, value: bigint, target: Label): void {
  emitCompare(asm, 'jne', left, value, target)
}

function emitCompare(
  asm: Assembler,
  op: 'jeq' | 'jne',
  left: Reg,
  value: bigint,
  target: Label,
): void {
  const signed = BigInt.asIntN(64, value)
  if (signed >= -INT32 && signed < INT32) asm.jumpIfImm(op, left, Number(signed), target)
  else asm.movImm(5, signed).jumpIf(op, left, 5, target)
}
