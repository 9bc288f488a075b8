import {contains, sameValue} from '../values/value.ts'
import {markPrecise, type Pointer, type Register} from './register.ts'
import {type Frame, NOTHING, STACK_SLOTS, type StackSlot, type State} from './state.ts'

/**
 * How alike two states must be. `pruning`: the earlier one was walked to its end, so numbers that no verdict depended on need not
 * match. `ranges`: every number must lie in the earlier one's range. `exact`: all the same.
 */
export type Likeness = 'pruning' | 'ranges' | 'exact'

/** Pairs of ids of the two states that stand for each other. */
type Pairs = Map<string, string>

/**
 * Whether everything that can happen from `state` was already seen from `earlier`, which was at the same instruction.
 * @param live - registers of the current function that may still be read
 * @param liveInCallers - the same for a calling function, by its call's slot
 */
export function covers(
  earlier: State,
  state: State,
  likeness: Likeness,
  live: number,
  liveInCallers: (callSite: number) => number,
): boolean {
  if (earlier.frames.length !== state.frames.length) return false
  if (earlier.references.size !== state.references.size) return false
  if (!earlier.frames.every((frame, index) => samePlace(frame, state.frames[index]!, likeness)))
    return false
  const pairs: Pairs = new Map()
  if (!sameReferences(earlier, state, pairs)) return false
  return earlier.frames.every((frame, index) => {
    const inner = earlier.frames[index + 1]
    const mask = inner === undefined ? live : liveInCallers(inner.callSite)
    return framesMatch(frame, state.frames[index]!, likeness, mask, pairs)
  })
}

function samePlace(a: Frame, b: Frame, likeness: Likeness): boolean {
  if (a.callSite !== b.callSite || a.subprogram !== b.subprogram) return false
  return (
    a.isCallback === b.isCallback && (likeness !== 'exact' || a.callbackDepth === b.callbackDepth)
  )
}

function sameReferences(earlier: State, state: State, pairs: Pairs): boolean {
  if (earlier.references.size === 0) return true
  const ids = [...state.references.keys()]
  return [...earlier.references.keys()].every((id, index) => pairUp(id, ids[index]!, pairs))
}

function pairUp(a: number, b: number, pairs: Pairs): boolean {
  if (a === 0 || b === 0) return a === b
  const forth = `a${a}`
  const back = `b${b}`
  if (!pairs.has(forth) && !pairs.has(back)) {
    pairs.set(forth, back)
    pairs.set(back, forth)
    return true
  }
  return pairs.get(forth) === back && pairs.get(back) === forth
}

function framesMatch(a: Frame, b: Frame, likeness: Likeness, live: number, pairs: Pairs): boolean {
  for (let number = 0; number < 10; number++) {
    if (((live >> number) & 1) === 0) continue
    if (!registersMatch(a.registers[number], b.registers[number], likeness, pairs)) return false
  }
  for (let index = 0; index < STACK_SLOTS; index++)
    if (!slotsMatch(a.stack[index]!, b.stack[index]!, likeness, pairs)) return false
  return true
}

function slotsMatch(a: StackSlot, b: StackSlot, likeness: Likeness, pairs: Pairs): boolean {
  if (a.bytes === NOTHING && b.bytes === NOTHING) return true
  if (a === b && a.spilled?.kind !== 'pointer' && (a.spilled?.link ?? 0) === 0) return true
  if (likeness === 'pruning' && !a.usage.read) return true
  for (let at = 0; at < 8; at++) {
    const kind = a.bytes[at]!
    const other = b.bytes[at]!
    if (likeness === 'exact' ? kind !== other : kind === 'spill' || kind === 'zero') {
      if (kind !== other) return false
    } else if (other === 'spill' && b.spilled?.kind === 'pointer') return false
  }
  const compared = a.bytes.includes('spill')
  return !compared || registersMatch(a.spilled, b.spilled, likeness, pairs)
}

function registersMatch(a: Register, b: Register, likeness: Likeness, pairs: Pairs): boolean {
  if (a === undefined) return likeness !== 'exact' || b === undefined
  if (b === undefined || a.kind !== b.kind) return false
  if (a.kind === 'pointer') return b.kind === 'pointer' && pointersMatch(a, b, likeness, pairs)
  if (b.kind !== 'scalar') return false
  if (likeness === 'pruning' && !a.precise) return true
  if (a.isSum !== b.isSum || ((a.isSum || likeness === 'exact') && a.delta !== b.delta))
    return false
  if (likeness === 'exact') return sameValue(a.value, b.value)
  if (!contains(a.value, b.value)) return false
  return a.link === 0 || pairUp(a.link, b.link, pairs)
}

function pointersMatch(a: Pointer, b: Pointer, likeness: Likeness, pairs: Pairs): boolean {
  const same =
    a.target === b.target &&
    a.maybeNull === b.maybeNull &&
    a.off === b.off &&
    a.map === b.map &&
    a.size === b.size &&
    a.frame === b.frame &&
    a.type === b.type &&
    a.trusted === b.trusted &&
    a.entry === b.entry
  if (!same || !pairUp(a.id, b.id, pairs) || !pairUp(a.reference, b.reference, pairs)) return false
  return likeness === 'exact' ? sameValue(a.variable, b.variable) : contains(a.variable, b.variable)
}

/** Passes on to a state that was covered what the paths from the earlier one depended on. */
export function inheritMarks(earlier: State, state: State): void {
  earlier.frames.forEach((frame, index) => {
    const other = state.frames[index]!
    frame.registers.forEach((register, number) => {
      inherit(register, other.registers[number])
    })
    frame.stack.forEach((slot, number) => {
      const target = other.stack[number]!
      if (slot.usage.read) target.usage.read = true
      inherit(slot.spilled, target.spilled)
    })
  })
}

function inherit(from: Register, to: Register): void {
  if (from?.kind === 'scalar' && from.precise && to?.kind === 'scalar') markPrecise(to)
}
