import type {VerifierMap} from '../../../src/verifier/input.ts'
import {Draft, type Word} from './draft.ts'
import {happens, type Numbers, numbersFrom, pick} from './numbers.ts'
import {STEPS} from './steps.ts'

/** Program types that random programs are made for. */
export const RANDOM_TYPES = ['raw_tracepoint', 'tracepoint', 'tp_btf'] as const

/** A program that the kernel and we are asked about. */
export interface RandomProgram {
  readonly type: (typeof RANDOM_TYPES)[number]
  /** Of `tp_btf`. */
  readonly attach?: string
  /** 8 bytes a slot; map references hold indices into {@link RANDOM_MAPS}. */
  readonly code: Buffer
  /** First slot of each function. */
  readonly starts: readonly number[]
}

/** The maps that random programs use, by index. Sizes are odd on purpose. */
export const RANDOM_MAPS: readonly VerifierMap[] = [
  {type: 'array', keySize: 4, valueSize: 48, maxEntries: 1},
  {type: 'hash', keySize: 8, valueSize: 61, maxEntries: 16},
  {type: 'percpu_array', keySize: 4, valueSize: 32, maxEntries: 4},
  {type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096},
  {type: 'prog_array', keySize: 4, valueSize: 4, maxEntries: 2},
  {
    type: 'array',
    keySize: 4,
    valueSize: 16,
    maxEntries: 1,
    flags: 0x80,
    frozen: true,
    contents: Buffer.from('0300000000000000ff00000007000000', 'hex'),
  },
]

const ATTACH = ['sys_enter', 'sched_process_exec', 'sched_switch', 'task_rename']

/** The program of a seed: the same on any machine. */
export function randomProgram(seed: number): RandomProgram {
  const next = numbersFrom(seed)
  const type = pick(next, RANDOM_TYPES)
  const attach = type === 'tp_btf' ? {attach: pick(next, ATTACH)} : {}
  const draft = new Draft(next)
  if (happens(next, 25)) writeArithmetic(draft, next)
  else writeFunction(draft, next, true)
  while (draft.wantsFunction()) writeFunction(draft, next, false)
  const words = draft.finish()
  if (happens(next, 10)) damage(words, next)
  return {type, ...attach, code: encodeWords(words), starts: draft.starts}
}

/** Numbers of which little is known are computed with, and one byte is read where they lead: the ranges must be right. */
function writeArithmetic(draft: Draft, next: Numbers): void {
  draft.begin(1)
  draft.numberFrom(6, 7)
  draft.numberFrom(7, 5)
  draft.emit(0xb7, 8, 0, 0, draft.anyImmediate())
  for (let count = 2 + next(8); count > 0; count--)
    pick(next, [STEPS.alu, STEPS.alu, STEPS.jump, STEPS.mask, STEPS.copy])(draft, next)
  draft.boundary()
  const number = 6 + next(3)
  if (happens(next, 60)) {
    if (happens(next, 30)) draft.emit(0x57, number, 0, 0, pick(next, [7, 15, 16, 31]))
    draft.emit(0xbf, 1, 10, 0, 0)
    draft.emit(0x0f, 1, number, 0, 0)
    draft.emit(0x71, 0, 1, -16 - 8 * next(5), 0)
  } else STEPS.direct(draft, next)
  draft.end()
}

function writeFunction(draft: Draft, next: Numbers, isMain: boolean): void {
  draft.begin(isMain ? 1 : next(6))
  if (isMain && happens(next, 70)) draft.copy(9, 1)
  if (happens(next, 70)) draft.numberFrom(6, 7)
  if (happens(next, 50)) draft.numberFrom(7, 5)
  const kinds = Object.values(STEPS)
  for (let count = 2 + next(isMain ? 14 : 6); count > 0; count--) {
    draft.boundary()
    pick(next, kinds)(draft, next)
  }
  draft.end()
}

/** Changes a field of one instruction. */
function damage(words: Word[], next: Numbers): void {
  const word = pick(next, words)
  switch (next(4)) {
    case 0:
      word.imm = pick(next, [
        0,
        1,
        -1,
        8,
        16,
        0x7fff_ffff,
        -0x8000_0000,
        word.imm ^ (1 << next(31)),
      ])
      return
    case 1:
      word.off = pick(next, [
        0,
        1,
        -1,
        -8,
        -16,
        -512,
        -520,
        8,
        word.off + 1,
        word.off ^ (1 << next(10)),
      ])
      return
    case 2:
      word.dst = next(11)
      return
    default:
      word.src = next(11)
  }
}

function encodeWords(words: readonly Word[]): Buffer {
  const code = Buffer.alloc(words.length * 8)
  for (const [index, {opcode, dst, src, off, imm}] of words.entries()) {
    code.writeUInt8(opcode, index * 8)
    code.writeUInt8((src << 4) | dst, index * 8 + 1)
    code.writeInt16LE(off, index * 8 + 2)
    code.writeInt32LE(imm | 0, index * 8 + 4)
  }
  return code
}
