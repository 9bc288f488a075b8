import {fromNative} from '../../schema/flag-table.ts'
import {ABSENT_NUMBER, SLOT_FLAG} from '../../schema/record-layout.ts'
import {
  type BitsAtom,
  type FilterAtom,
  isNormalPath,
  type KernelFilter,
  type NumberAtom,
  TEXT_FILTER_MAX,
  type TextAtom,
  type TextTest,
} from './kernel-filter.ts'
import {NO_ANSWERS, type ProcessAnswers} from './process/interpret-process.ts'
import {socketTruth} from './socket/socket-view.ts'

/**
 * Judges a record as the program that is made of the filter does; the reference for it. `start` is where the record begins.
 */
export function passesFilter(
  filter: KernelFilter,
  bytes: Buffer,
  start = 0,
  process: ProcessAnswers = NO_ANSWERS,
): boolean {
  switch (filter.kind) {
    case 'pass':
      return true
    case 'drop':
      return false
    case 'and':
      return filter.children.every(child => passesFilter(child, bytes, start, process))
    case 'or':
      return filter.children.some(child => passesFilter(child, bytes, start, process))
    case 'literal': {
      const truth = truthOf(filter.atom, bytes, start, process)
      return truth === undefined || truth === filter.want
    }
  }
}

/** The answer of an atom; undefined when the record does not tell. */
function truthOf(
  atom: FilterAtom,
  bytes: Buffer,
  start: number,
  process: ProcessAnswers,
): boolean | undefined {
  switch (atom.kind) {
    case 'number':
      return numberTruth(atom, bytes, start + atom.offset)
    case 'bits':
      return bitsTruth(atom, bytes, start + atom.offset)
    case 'text':
      return textTruth(atom, bytes, start)
    case 'process':
      return process(atom)
    // What user space found out is not in the record.
    case 'descriptor':
      return undefined
    case 'socket':
      return socketTruth(atom, bytes, start)
  }
}

function numberTruth({width, op, values}: NumberAtom, bytes: Buffer, at: number) {
  const value = width === 4 ? BigInt(bytes.readUInt32LE(at)) : bytes.readBigInt64LE(at)
  if (value === ABSENT_NUMBER) return undefined
  return op === 'in' ? values.includes(value) : value < values[0]!
}

function bitsTruth(atom: BitsAtom, bytes: Buffer, at: number): boolean {
  const native = bytes.readUInt32LE(at)
  let carried = atom.table === undefined ? native : fromNative(atom.table, native, atom.opens)
  if (atom.hasBitsAbove) carried |= bytes.readUInt32LE(at + 4)
  return atom.values.includes((carried & atom.mask) >>> 0)
}

function textTruth(atom: TextAtom, bytes: Buffer, start: number): boolean | undefined {
  const at = start + atom.offset
  const length = bytes.readUInt16LE(at + 4)
  const flags = bytes.readUInt16LE(at + 6)
  if ((flags & (SLOT_FLAG.cut | SLOT_FLAG.fault | SLOT_FLAG.none)) !== 0) return undefined
  if (length > TEXT_FILTER_MAX) return undefined
  const from = start + bytes.readUInt32LE(at)
  const text = bytes.toString('latin1', from, from + length)
  if (atom.form === 'absolute' && !text.startsWith('/')) return undefined
  if (atom.form === 'normal' && !isNormalPath(text)) return undefined
  const matched = atom.tests.some(test => matches(test, text))
  return matched && atom.approximate === true ? undefined : matched
}

function matches({how, text: constant}: TextTest, text: string): boolean {
  if (how === 'equal') return text === constant
  if (how === 'contains') return text.includes(constant)
  if (how === 'top') return !text.slice(1).includes('/')
  return how === 'prefix' ? text.startsWith(constant) : text.endsWith(constant)
}
