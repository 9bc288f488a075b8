import type {Assembler, Label} from '../../../bpf/assembler.ts'
import {HEADER} from '../../../schema/record-layout.ts'
import {GENERATION_PLACE, PROCESS_STATE, R, STACK} from '../../bpf/capture-context.ts'
import {MAP_NAME} from '../../bpf/map-names.ts'
import type {Answers} from '../emit-node.ts'
import type {ProcessAtom} from '../kernel-filter.ts'
import {BORN_ENTRY, CGROUP_ENTRY} from './cgroup-entry.ts'
import {PROCESS_ENTRY, PROCESS_WORD, SEAL_FACTOR} from './process-entry.ts'

/** What `PROCESS_STATE.known` says: whether the bits hold, those that hang on other processes, those that hang on control groups alone. */
const KNOWN = {own: 1, kin: 2, cgroup: 4} as const

/**
 * Looks up what is known of the thread whose number is in the header, and whose start and exec id are in the scratch memory
 * (`PROCESS_STATE`): leaves there the bits, and which of them hold. Loses r0 to r5.
 */
export function emitProcessState(asm: Assembler): void {
  const [done, unknown] = [asm.label('process done'), asm.label('process not known')]
  const [acc, factor, word, other, known] = [2, 3, 1, 4, 5] as const
  asm.storeImm(8, R.scratch, PROCESS_STATE.known, 0)
  for (const [index, place] of [
    [PROCESS_WORD.epoch, PROCESS_STATE.epoch],
    [PROCESS_WORD.version, PROCESS_STATE.version],
  ] as const) {
    asm.storeImm(4, 10, STACK.mapKey, index)
    emitWord(asm, done)
    asm.load(8, 1, 0, 0).store(8, R.scratch, place, 1)
  }
  asm.load(4, 1, R.scratch, GENERATION_PLACE).aluImm('and', 1, 1)
  asm.aluImm('add', 1, PROCESS_WORD.sets).store(4, 10, STACK.mapKey, 1)
  emitWord(asm, done)
  asm.load(8, 1, 0, 0).store(8, R.scratch, PROCESS_STATE.set, 1)

  asm.load(4, 1, R.scratch, HEADER.tid).store(4, 10, STACK.mapKey, 1)
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey).loadMap(1, MAP_NAME.processes)
  asm.call('map_lookup_elem').jumpIfImm('jeq', 0, 0, unknown)
  asm
    .load(4, acc, R.scratch, HEADER.tid)
    .movImm(factor, SEAL_FACTOR)
    .movImm(known, KNOWN.own | KNOWN.cgroup)
  const take = (offset: number): void => {
    asm.load(8, word, 0, offset).alu('xor', acc, word).alu('mul', acc, factor)
    asm.mov(other, acc).aluImm('rsh', other, 32).alu('xor', acc, other)
  }
  for (const [offset, place] of [
    [PROCESS_ENTRY.start, PROCESS_STATE.start],
    [PROCESS_ENTRY.execId, PROCESS_STATE.execId],
    [PROCESS_ENTRY.set, PROCESS_STATE.set],
    [PROCESS_ENTRY.version, PROCESS_STATE.version],
  ] as const) {
    take(offset)
    asm.load(8, other, R.scratch, place).jumpIf('jne', word, other, unknown)
  }
  const outdated = asm.label('other epoch')
  take(PROCESS_ENTRY.epoch)
  asm.load(8, other, R.scratch, PROCESS_STATE.epoch).jumpIf('jne', word, other, outdated)
  asm.aluImm('or', known, KNOWN.kin).place(outdated)
  for (let offset: number = PROCESS_ENTRY.bits; offset < PROCESS_ENTRY.seal; offset += 8) {
    take(offset)
    asm.store(8, R.scratch, PROCESS_STATE.bits + offset - PROCESS_ENTRY.bits, word)
  }
  asm.load(8, word, 0, PROCESS_ENTRY.seal).jumpIf('jne', word, acc, unknown)
  asm.store(8, R.scratch, PROCESS_STATE.known, known).jump(done)
  asm.place(unknown)
  emitCgroupState(asm, done)
  asm.place(done)
}

/** Looks up what is known of the control groups in which the thread was made, or executed its program. */
function emitCgroupState(asm: Assembler, done: Label): void {
  const [acc, factor, word, other] = [2, 3, 1, 4] as const
  asm.load(4, 1, R.scratch, HEADER.tid).store(4, 10, STACK.mapKey, 1)
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey).loadMap(1, MAP_NAME.born)
  asm.call('map_lookup_elem').jumpIfImm('jeq', 0, 0, done)
  asm.load(8, word, 0, BORN_ENTRY.start).load(8, other, R.scratch, PROCESS_STATE.start)
  asm.jumpIf('jne', word, other, done)
  asm.load(8, word, 0, BORN_ENTRY.cgroup).store(8, 10, STACK.mapKey, word)
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey).loadMap(1, MAP_NAME.cgroups)
  asm.call('map_lookup_elem').jumpIfImm('jeq', 0, 0, done)
  asm.load(8, acc, 10, STACK.mapKey).movImm(factor, SEAL_FACTOR)
  const take = (offset: number): void => {
    asm.load(8, word, 0, offset).alu('xor', acc, word).alu('mul', acc, factor)
    asm.mov(other, acc).aluImm('rsh', other, 32).alu('xor', acc, other)
  }
  for (const [offset, place] of [
    [CGROUP_ENTRY.set, PROCESS_STATE.set],
    [CGROUP_ENTRY.version, PROCESS_STATE.version],
  ] as const) {
    take(offset)
    asm.load(8, other, R.scratch, place).jumpIf('jne', word, other, done)
  }
  for (let offset: number = CGROUP_ENTRY.bits; offset < CGROUP_ENTRY.seal; offset += 8) {
    take(offset)
    asm.store(8, R.scratch, PROCESS_STATE.bits + offset - CGROUP_ENTRY.bits, word)
  }
  asm.load(8, word, 0, CGROUP_ENTRY.seal).jumpIf('jne', word, acc, done)
  asm.storeImm(8, R.scratch, PROCESS_STATE.known, KNOWN.cgroup)
}

/** Asks for a bit that {@link emitProcessState} left in the scratch memory. Loses r1. */
export function emitProcessLiteral(
  asm: Assembler,
  {bit, kin, cgroup}: ProcessAtom,
  {pass, yes}: Answers,
): void {
  asm.load(8, 1, R.scratch, PROCESS_STATE.known)
  asm
    .aluImm('and', 1, kin ? KNOWN.kin : cgroup ? KNOWN.cgroup : KNOWN.own)
    .jumpIfImm('jeq', 1, 0, pass)
  asm.load(4, 1, R.scratch, PROCESS_STATE.bits + 4 * (bit >>> 5))
  asm.aluImm('and', 1, (1 << (bit & 31)) | 0).jumpIfImm('jne', 1, 0, yes)
}

/** Adds one to a word that the kernel counts. Loses r0 to r5. */
export function emitCountWord(asm: Assembler, index: number): void {
  const none = asm.label('no word')
  asm.storeImm(4, 10, STACK.mapKey, index)
  emitWord(asm, none)
  asm.movImm(1, 1).atomicAdd(0, 0, 1).place(none)
}

/** `r0 =` the address of the word whose index is at the map key's place. */
function emitWord(asm: Assembler, none: ReturnType<Assembler['label']>): void {
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, MAP_NAME.processWords).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, none)
}
