import type {Draft} from './draft.ts'
import {memorySteps} from './memory-steps.ts'
import {happens, type Numbers, pick} from './numbers.ts'

/** Writes a few instructions. */
export type Step = (draft: Draft, next: Numbers) => void

const ALU = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0]
const CONDITIONS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0]
const SHIFTS = [0x60, 0x70, 0xc0]

const alu: Step = (draft, next) => {
  const dst = draft.find('number')
  if (dst === undefined) return
  const width = pick(next, [0x07, 0x07, 0x04])
  if (happens(next, 8)) {
    draft.emit(0x80 | width, dst, 0, 0, 0)
    return
  }
  if (happens(next, 8)) {
    draft.emit(pick(next, [0xd4, 0xdc, 0xd7]), dst, 0, 0, pick(next, [16, 32, 64]))
    return
  }
  const op = pick(next, ALU)
  const isSigned = (op === 0x30 || op === 0x90) && happens(next, 50) ? 1 : 0
  const src = happens(next, 50) ? draft.find('number') : undefined
  if (src !== undefined) {
    const extend = op === 0xb0 && happens(next, 50) ? pick(next, [8, 16, 32]) : 0
    draft.emit(op | width | 8, dst, src, isSigned || (width === 4 && extend === 32 ? 8 : extend), 0)
    return
  }
  const imm = SHIFTS.includes(op) ? next(width === 7 ? 64 : 32) : draft.anyImmediate()
  draft.emit(op | width, dst, 0, isSigned, imm === 0 && (op === 0x30 || op === 0x90) ? 3 : imm)
}

const mask: Step = (draft, next) => {
  const dst = draft.find('number')
  if (dst === undefined) return
  draft.emit(
    pick(next, [0x57, 0x54]),
    dst,
    0,
    0,
    pick(next, [1, 7, 8, 15, 16, 24, 31, 63, 255, -8]),
  )
}

const copy: Step = (draft, next) => {
  const src = next(10)
  const dst = next(10)
  if (draft.kinds[src] === 'none') return
  if (draft.kinds[src] === 'number' && happens(next, 30)) {
    draft.emit(0xbc, dst, src, 0, 0)
    draft.kinds[dst] = 'number'
  } else draft.copy(dst, src)
}

const constant: Step = (draft, next) => {
  const dst = next(10)
  if (happens(next, 20))
    draft.wide(dst, 0, draft.anyImmediate(), pick(next, [0, 1, -1, 0x7fff_ffff]))
  else draft.emit(0xb7, dst, 0, 0, draft.anyImmediate())
  draft.kinds[dst] = 'number'
}

const jump: Step = (draft, next) => {
  const dst = happens(next, 90) ? draft.find('number') : next(10)
  if (dst === undefined) return
  const opcode = pick(next, CONDITIONS) | pick(next, [5, 5, 6])
  const src = happens(next, 35) ? draft.find('number') : undefined
  const ahead = 1 + next(5)
  if (src === undefined) draft.jumpAhead(opcode, dst, 0, draft.anyImmediate(), ahead)
  else draft.jumpAhead(opcode | 8, dst, src, 0, ahead)
}

/** A range check that leaves by the end. */
const bound: Step = (draft, next) => {
  const dst = draft.find('number')
  if (dst === undefined) return
  const opcode = pick(next, [0x25, 0x35, 0x65, 0x75, 0x26, 0x66, 0xc5, 0xa5, 0xc6])
  draft.jumpAhead(opcode, dst, 0, pick(next, [0, 1, 8, 15, 16, 31, 32, 40, 47, 48, 64]), 99)
}

/** A counted loop over a few other steps. */
const loop: Step = (draft, next) => {
  const counter = 6 + next(4)
  draft.emit(0xb7, counter, 0, 0, 0)
  draft.kinds[counter] = 'number'
  const start = draft.words.length
  const body = pick(next, [alu, mask, spill, fill, ...memorySteps])
  body(draft, next)
  if (happens(next, 20)) {
    // Ends only by chance, or never.
    const number = draft.find('number') ?? counter
    draft.emit(pick(next, [0x55, 0x15, 0x25]), number, 0, start - draft.words.length - 1, next(9))
    return
  }
  draft.emit(0x07, counter, 0, 0, pick(next, [1, 1, 1, 2, 8]))
  const opcode = pick(next, [0xa5, 0xa5, 0xc5, 0x55, 0xa6])
  draft.emit(opcode, counter, 0, start - draft.words.length - 1, pick(next, [2, 5, 8, 16, 33]))
}

const mayGoto: Step = (draft, next) => {
  const start = draft.words.length
  draft.emit(0xe5, 0, 0, 1, 0)
  draft.emit(0x05, 0, 0, 1, 0)
  const from = draft.words.length
  draft.emit(0x05, 0, 0, 0, 0)
  pick(next, [alu, mask, spill, fill])(draft, next)
  draft.emit(0x05, 0, 0, start - draft.words.length - 1, 0)
  draft.words[from]!.off = draft.words.length - from - 1
  draft.words[start]!.off = from - start - 1
  draft.words[start + 1]!.off = 1
}

const OPCODES: Readonly<Record<number, number>> = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
const SIZES = [8, 8, 8, 4, 2, 1] as const

function stackPlace(next: Numbers, size: number): number {
  const off = -8 * (1 + next(6)) + size * next(8 / size)
  return happens(next, 2) ? off + 1 : off
}

const spill: Step = (draft, next) => {
  const size = pick(next, SIZES)
  const src = next(10)
  if (draft.kinds[src] === 'none' || happens(next, 20))
    draft.emit(0x62 | OPCODES[size]!, 10, 0, stackPlace(next, size), draft.anyImmediate())
  else draft.emit(0x63 | OPCODES[size]!, 10, src, stackPlace(next, size), 0)
}

const fill: Step = (draft, next) => {
  const size = pick(next, SIZES)
  const dst = next(10)
  const signed = size < 8 && happens(next, 20) ? 0x81 : 0x61
  draft.emit(signed | OPCODES[size]!, dst, 10, stackPlace(next, size), 0)
  draft.kinds[dst] = 'number'
}

const subprogram: Step = (draft, next) => {
  for (let number = 1; number <= 5; number++) {
    const from = next(11)
    if (from > 5 && (from === 10 || draft.kinds[from] !== 'none')) draft.copy(number, from)
    else draft.emit(0xb7, number, 0, 0, draft.anyImmediate())
  }
  draft.refer(draft.function(), draft.emit(0x85, 0, 1, 0, 0))
  draft.kinds.fill('none', 0, 6)
  draft.kinds[0] = 'number'
}

/** Steps by name; each is as likely as the others. */
export const STEPS = {
  alu,
  alu2: alu,
  alu3: alu,
  mask,
  copy,
  constant,
  jump,
  jump2: jump,
  bound,
  loop,
  mayGoto,
  spill,
  spill2: spill,
  fill,
  fill2: fill,
  subprogram,
  direct: memorySteps[0]!,
  ...Object.fromEntries(memorySteps.map((step, index) => [`memory${index}`, step])),
} as const satisfies Record<string, Step>
