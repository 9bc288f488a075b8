import type {Assembler} from '../../../bpf/assembler.ts'
import {HEADER} from '../../../schema/record-layout.ts'
import {DESCRIPTOR_STATE, R, STACK} from '../../bpf/capture-context.ts'
import {MAP_NAME} from '../../bpf/map-names.ts'
import type {Answers} from '../emit-node.ts'
import type {DescriptorAtom} from '../kernel-filter.ts'
import {SEAL_FACTOR} from '../process/process-entry.ts'
import {DESCRIPTOR_ENTRY} from './descriptor-entry.ts'

/**
 * Looks up what is known of the descriptor that the record is about; the process's number and start are in the header, the
 * descriptor and its file in their slots. Leaves in the scratch memory whether the bits hold, and the bits. `set`: id of the set that
 * the bits stand for. Loses r0 to r5.
 */
export function emitDescriptorState(
  asm: Assembler,
  {fd, file, node}: Pick<DescriptorAtom, 'fd' | 'file' | 'node'>,
  set: bigint,
): void {
  const done = asm.label('descriptor done')
  const [acc, factor, word, other] = [2, 3, 1, 4] as const
  asm.storeImm(8, R.scratch, DESCRIPTOR_STATE.known, 0)
  asm.load(4, 1, R.scratch, HEADER.pid).store(4, 10, STACK.mapKey, 1)
  asm.load(4, 1, R.scratch, fd).store(4, 10, STACK.mapKey + 4, 1)
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey).loadMap(1, MAP_NAME.descriptors)
  asm.call('map_lookup_elem').jumpIfImm('jeq', 0, 0, done)
  asm.load(8, acc, 10, STACK.mapKey).movImm(factor, SEAL_FACTOR)
  const take = (offset: number): void => {
    asm.load(8, word, 0, offset).alu('xor', acc, word).alu('mul', acc, factor)
    asm.mov(other, acc).aluImm('rsh', other, 32).alu('xor', acc, other)
  }
  for (const [offset, place] of [
    [DESCRIPTOR_ENTRY.start, HEADER.start],
    [DESCRIPTOR_ENTRY.file, file],
    [DESCRIPTOR_ENTRY.node, node],
  ] as const) {
    take(offset)
    asm.load(8, other, R.scratch, place).jumpIf('jne', word, other, done)
  }
  take(DESCRIPTOR_ENTRY.set)
  asm.movImm(other, BigInt.asIntN(64, set)).jumpIf('jne', word, other, done)
  take(DESCRIPTOR_ENTRY.bits)
  asm.store(8, R.scratch, DESCRIPTOR_STATE.bits, word)
  asm.load(8, word, 0, DESCRIPTOR_ENTRY.seal).jumpIf('jne', word, acc, done)
  asm.storeImm(8, R.scratch, DESCRIPTOR_STATE.known, 1).place(done)
}

/** Asks for a bit that {@link emitDescriptorState} left in the scratch memory. Loses r1. */
export function emitDescriptorLiteral(
  asm: Assembler,
  {bit}: DescriptorAtom,
  {pass, yes}: Answers,
): void {
  asm.load(8, 1, R.scratch, DESCRIPTOR_STATE.known).jumpIfImm('jeq', 1, 0, pass)
  asm.load(4, 1, R.scratch, DESCRIPTOR_STATE.bits + 4 * (bit >>> 5))
  asm.aluImm('and', 1, (1 << (bit & 31)) | 0).jumpIfImm('jne', 1, 0, yes)
}
