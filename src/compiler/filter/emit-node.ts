import type {Assembler, Label} from '../../bpf/assembler.ts'
import {R} from '../bpf/capture-context.ts'
import {emitDescriptorLiteral} from './descriptor/emit-descriptor.ts'
import {emitJumpIfEqual} from './emit-equal.ts'
import {emitTextLiteral} from './emit-text.ts'
import type {FilterData} from './filter-data.ts'
import type {BitsAtom, FilterLiteral, KernelFilter, NumberAtom} from './kernel-filter.ts'
import {emitKeySetLookup, keySetOf, placeKeySet} from './key-set.ts'
import {emitProcessLiteral} from './process/emit-process.ts'
import {emitSocketLiteral} from './socket/emit-socket.ts'
import type {SlotPlan} from './text/text-plan.ts'

/** What the emitters of all nodes share. */
export interface Code {
  /** How texts were looked at, by their slots. */
  readonly plans: ReadonlyMap<number, SlotPlan>
  readonly data: FilterData
}

/** Jumps to `drop` when the filter does not pass, by what is known of the record. Loses r0 to r5. */
export function emitNode(asm: Assembler, filter: KernelFilter, drop: Label, code: Code): void {
  emitBranch(asm, filter, {target: drop, when: false}, code)
}

/** Where to go when the answer is `when`; else the next instruction follows. */
interface Branch {
  readonly target: Label
  readonly when: boolean
}

function emitBranch(asm: Assembler, filter: KernelFilter, branch: Branch, code: Code): void {
  switch (filter.kind) {
    case 'pass':
    case 'drop':
      if ((filter.kind === 'pass') === branch.when) asm.jump(branch.target)
      return
    case 'literal':
      emitLiteral(asm, filter, branch, code)
      return
    case 'and':
    case 'or': {
      // One child with this answer settles it.
      const decisive = filter.kind === 'or'
      if (branch.when === decisive) {
        for (const child of filter.children) emitBranch(asm, child, branch, code)
        return
      }
      const settled = asm.label('settled')
      for (const child of filter.children.slice(0, -1))
        emitBranch(asm, child, {target: settled, when: decisive}, code)
      emitBranch(asm, filter.children.at(-1)!, branch, code)
      asm.place(settled)
    }
  }
}

function emitLiteral(
  asm: Assembler,
  {atom, want}: FilterLiteral,
  {target, when}: Branch,
  code: Code,
): void {
  const next = asm.label('next')
  const [pass, fail] = when ? [target, next] : [next, target]
  const answers = {
    pass,
    yes: want ? pass : fail,
    no: want ? fail : pass,
  }
  if (atom.kind === 'number') emitNumber(asm, atom, answers, code.data)
  else if (atom.kind === 'bits') emitBits(asm, atom, answers.yes)
  else if (atom.kind === 'process') emitProcessLiteral(asm, atom, answers)
  else if (atom.kind === 'descriptor') emitDescriptorLiteral(asm, atom, answers)
  else if (atom.kind === 'socket') emitSocketLiteral(asm, atom, answers, code.data)
  else emitTextLiteral(asm, atom, code.plans.get(atom.offset)!, answers)
  if (answers.no !== next) asm.jump(answers.no)
  asm.place(next)
}

/** Where an atom goes that is unknown, and one that holds; one that does not goes on to the next instruction. */
export interface Answers {
  readonly pass: Label
  readonly yes: Label
}

/** Up to so many numbers are compared one after the other: see `benchmarks/filter.bench.ts`. */
const LINEAR_NUMBERS = 16

function emitNumber(
  asm: Assembler,
  {offset, width, op, values}: NumberAtom,
  {pass, yes}: Answers,
  data: FilterData,
): void {
  asm.load(width, 1, R.scratch, offset)
  // The number of an absent value is the smallest there is: doubled it is zero, as nothing else but zero is.
  if (width === 8) {
    const present = asm.label('present')
    asm.jumpIfImm('jsge', 1, 0, present).mov(2, 1).aluImm('lsh', 2, 1)
    asm.jumpIfImm('jeq', 2, 0, pass).place(present)
  }
  if (op === 'in') {
    const set = values.length > LINEAR_NUMBERS ? keySetOf(values) : undefined
    if (set !== undefined)
      emitKeySetLookup(asm, placeKeySet(set, data), {key: 1, lose: [2, 3]}, yes)
    else for (const value of values) emitJumpIfEqual(asm, 1, value, yes)
    return
  }
  asm.movImm(2, values[0]!).jumpIf('jslt', 1, 2, yes)
}

function emitBits(asm: Assembler, atom: BitsAtom, yes: Label): void {
  const {offset, table, opens, hasBitsAbove, mask, values} = atom
  const native = table?.native
  asm.load(4, 1, R.scratch, offset)
  if (native === undefined) asm.mov(2, 1)
  else {
    asm.movImm(2, 0)
    for (const [from, to] of native.map) {
      const carried = to & mask
      if (carried === 0) continue
      const without = asm.label('without')
      asm
        .mov(3, 1)
        .aluImm('and', 3, from | 0)
        .jumpIfImm('jeq', 3, 0, without)
      asm.aluImm('or', 2, carried).place(without)
    }
    // The access modes 0, 1, 2 and 3 are carried as 1, 2, 3 and 0.
    if (native.kind === 'open' && opens && (mask & 3) !== 0)
      asm.mov(3, 1).aluImm('add', 3, 1).aluImm('and', 3, 3).alu('or', 2, 3)
  }
  if (hasBitsAbove) asm.load(4, 3, R.scratch, offset + 4).alu('or', 2, 3)
  asm.aluImm('and', 2, mask | 0).mov32(2, 2)
  for (const value of values) emitJumpIfEqual(asm, 2, BigInt(value), yes)
}
