import type {Draft} from './draft.ts'
import {happens, type Numbers, pick} from './numbers.ts'

type Step = (draft: Draft, next: Numbers) => void

const WIDTHS = [0x10, 0x08, 0x00, 0x18]

/** Keeps a number in a range that may fit. */
function confine(draft: Draft, next: Numbers, number: number): void {
  const most = pick(next, [1, 3, 7, 8, 15, 16, 24, 31])
  if (happens(next, 50)) draft.emit(pick(next, [0x57, 0x54]), number, 0, 0, most)
  else {
    draft.jumpAhead(pick(next, [0x25, 0x35, 0x26, 0x65, 0x66]), number, 0, most, 99)
    if (happens(next, 20)) draft.jumpAhead(pick(next, [0xc5, 0xa5, 0xc6]), number, 0, next(3), 99)
  }
}

/** Goes through a pointer, at a known place and often at a computed one. */
function access(draft: Draft, next: Numbers, base: number, least: number, most: number): void {
  const temporary = next(6)
  draft.copy(temporary, base)
  const number = happens(next, 60) ? draft.find('number') : undefined
  if (number !== undefined && number !== temporary) {
    if (happens(next, 60)) confine(draft, next, number)
    draft.emit(happens(next, 95) ? 0x0f : 0x1f, temporary, number, 0, 0)
  }
  if (happens(next, 15)) draft.emit(0x07, temporary, 0, 0, pick(next, [1, -1, 8, -8, 16, 32]))
  const width = pick(next, WIDTHS)
  const size = {16: 1, 8: 2, 0: 4, 24: 8}[width]!
  const step = happens(next, 93) ? size : 1
  const off = least + step * next(Math.max(1, Math.floor((most - least) / step)))
  const place = happens(next, 10) ? pick(next, [least, most, most - size, most - size + 1]) : off
  switch (next(6)) {
    case 0:
    case 1: {
      const value = draft.find('number')
      if (value === undefined) draft.emit(0x62 | width, temporary, 0, place, draft.anyImmediate())
      else draft.emit(0x63 | width, temporary, value, place, 0)
      break
    }
    case 2: {
      const value = draft.find('number') ?? 0
      const op = pick(next, [0x00, 0x40, 0x51, 0xa1, 0xe1, 0xf1])
      draft.emit(pick(next, [0xc3, 0xdb]), temporary, value, place, op)
      break
    }
    default: {
      const dst = next(10)
      const signed = width !== 0x18 && happens(next, 15) ? 0x81 : 0x61
      draft.emit(signed | width, dst, temporary, place, 0)
      draft.kinds[dst] = 'number'
    }
  }
}

const direct: Step = (draft, next) => {
  const dst = next(10)
  const readOnly = happens(next, 20)
  draft.wide(dst, 2, readOnly ? 5 : 0, happens(next, 70) ? 0 : 8 * next(readOnly ? 2 : 3))
  draft.kinds[dst] = 'value'
  access(draft, next, dst, 0, readOnly ? 16 : 48)
}

const lookup: Step = (draft, next) => {
  const map = pick(next, [0, 1, 1, 2])
  draft.emit(0x7a, 10, 0, -8, next(6))
  draft.emit(0xbf, 2, 10, 0, 0)
  draft.emit(0x07, 2, 0, 0, -8)
  draft.wide(1, 1, map, 0)
  draft.call(1)
  const keep = happens(next, 70) ? 6 + next(4) : 0
  if (keep !== 0) draft.copy(keep, 0)
  if (happens(next, 90)) {
    const tested = happens(next, 80) ? 0 : keep
    draft.jumpAhead(happens(next, 97) ? 0x15 : 0x16, tested, 0, 0, 99)
  }
  draft.kinds[keep] = 'value'
  draft.kinds[0] = 'value'
}

const value: Step = (draft, next) => {
  const base = draft.find('value')
  if (base !== undefined) access(draft, next, base, 0, pick(next, [32, 48, 61]))
}

const stack: Step = (draft, next) => {
  access(draft, next, 10, pick(next, [-512, -64, -32, -16]), happens(next, 80) ? -8 : 0)
}

const context: Step = (draft, next) => {
  const base = draft.find('ctx')
  if (base === undefined) return
  const dst = next(10)
  const off = happens(next, 90) ? 8 * next(13) : next(100)
  draft.emit(happens(next, 85) ? 0x79 : pick(next, [0x61, 0x69, 0x71]), dst, base, off, 0)
  draft.kinds[dst] = 'number'
}

/** A helper that fills memory; its size is often computed. */
const fillMemory: Step = (draft, next) => {
  const base = happens(next, 70) ? 10 : draft.find('value')
  if (base === undefined) return
  const helper = pick(next, [113, 115, 4, 16])
  const size = happens(next, 50) ? draft.find('number') : undefined
  if (size === undefined) draft.emit(0xb7, 2, 0, 0, pick(next, [0, 1, 8, 16, 24, 40, 48, 64]))
  else {
    if (happens(next, 70)) confine(draft, next, size)
    draft.copy(2, size)
  }
  draft.copy(1, base)
  draft.emit(0x07, 1, 0, 0, base === 10 ? -8 * (1 + next(8)) : 8 * next(4))
  draft.emit(0xb7, 3, 0, 0, 0)
  draft.call(helper)
  draft.kinds[0] = 'number'
  if (happens(next, 60)) draft.copy(6 + next(4), 0)
}

const record: Step = (draft, next) => {
  const size = pick(next, [8, 16, 20, 40])
  const keep = 6 + next(4)
  draft.wide(1, 1, 3, 0)
  draft.emit(0xb7, 2, 0, 0, size)
  draft.emit(0xb7, 3, 0, 0, 0)
  draft.call(131)
  draft.copy(keep, 0)
  draft.jumpAhead(happens(next, 97) ? 0x15 : 0x55, 0, 0, 0, 99)
  draft.kinds[keep] = 'record'
  for (let count = next(3); count > 0; count--) access(draft, next, keep, 0, size)
  if (draft.kinds[keep] !== 'record' && happens(next, 80)) return
  if (happens(next, 6)) return
  draft.emit(0xbf, 1, keep, 0, 0)
  draft.emit(0xb7, 2, 0, 0, 0)
  draft.call(pick(next, [132, 133]))
  draft.kinds[keep] = happens(next, 90) ? 'number' : 'record'
}

const output: Step = (draft, next) => {
  const base = happens(next, 60) ? 10 : draft.find('value')
  if (base === undefined) return
  draft.copy(2, base)
  draft.emit(0x07, 2, 0, 0, base === 10 ? -8 * (1 + next(6)) : 0)
  const size = happens(next, 40) ? draft.find('number') : undefined
  if (size === undefined || size === 2) draft.emit(0xb7, 3, 0, 0, pick(next, [0, 1, 8, 16, 48]))
  else {
    if (happens(next, 70)) confine(draft, next, size)
    draft.copy(3, size)
  }
  draft.wide(1, 1, 3, 0)
  draft.emit(0xb7, 4, 0, 0, 0)
  draft.call(130)
}

const tailCall: Step = (draft, next) => {
  const base = draft.find('ctx')
  if (base === undefined) return
  const index = draft.find('number')
  if (index !== undefined) draft.copy(3, index)
  else draft.emit(0xb7, 3, 0, 0, next(3))
  draft.copy(1, base)
  draft.wide(2, 1, 4, 0)
  draft.call(12)
}

/** A callback, run some times or for each entry of a map. */
const callback: Step = (draft, next) => {
  const isLoop = happens(next, 70)
  if (isLoop) draft.emit(0xb7, 1, 0, 0, pick(next, [0, 1, 4, 100]))
  else draft.wide(1, 1, pick(next, [0, 1]), 0)
  draft.refer(draft.function(), draft.wide(2, 4, 0, 0))
  if (happens(next, 70)) draft.emit(0xbf, 3, 10, 0, 0)
  else draft.emit(0xb7, 3, 0, 0, 0)
  if (happens(next, 40)) draft.emit(0x07, 3, 0, 0, -8)
  draft.emit(0xb7, 4, 0, 0, 0)
  draft.call(isLoop ? 181 : 164)
  draft.kinds[0] = 'number'
}

/** A copy of a pointer is tested, or two pointers are compared. */
const pointers: Step = (draft, next) => {
  const one = pick(
    next,
    [...draft.kinds.keys()].filter(at => draft.kinds[at] !== 'none'),
  )
  if (one === undefined) return
  const two = draft.find('value') ?? 10
  if (happens(next, 50)) draft.jumpAhead(pick(next, [0x15, 0x55, 0x1d, 0x2d]) | 0, one, 0, 0, 2)
  else draft.emit(pick(next, [0x1f, 0x0f, 0xbc, 0x5f]), one, two, 0, 0)
}

/** Steps that go through pointers or call helpers. */
export const memorySteps: readonly Step[] = [
  direct,
  lookup,
  lookup,
  value,
  value,
  stack,
  stack,
  context,
  fillMemory,
  fillMemory,
  record,
  record,
  output,
  tailCall,
  callback,
  pointers,
]
