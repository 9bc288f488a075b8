import type {VerifierInput} from './input.ts'
import {liveRegisters} from './liveness.ts'
import {covers, inheritMarks, type Likeness} from './machine/covers.ts'
import {anyNumber, pointer, type Register} from './machine/register.ts'
import {cloneState, newFrame, type State} from './machine/state.ts'
import type {VerifierOptions} from './options.ts'
import {Refusal} from './problem.ts'
import {type Program, subprogramAt} from './program.ts'
import {isIterating, step} from './step.ts'
import {sameValue} from './values/value.ts'

const DEFAULT_VISITS = 1_000_000
/** Most branches put off at a time (linux v6.18 kernel/bpf/verifier.c, BPF_COMPLEXITY_LIMIT_JMP_SEQ). */
const MAX_PENDING = 8192
/** A state is kept after this many jumps and instructions (verifier.c, is_state_visited). */
const KEEP_JUMPS = 2
const KEEP_VISITS = 8

/** Bound of the time that comparing takes, for each instruction that may be walked. */
const COMPARISONS_PER_VISIT = 20

/** A state kept at an instruction, to compare later ones with. */
interface Kept {
  readonly state: State
  readonly parent: Kept | undefined
  readonly at: number
  /** Paths from here that have not ended. */
  open: number
  hits: number
  misses: number
}

/** A branch outcome; the list leads back to the start. */
interface Step {
  readonly choice: string
  readonly previous: Step | undefined
}

interface Pending {
  readonly state: State
  readonly at: number
  readonly parent: Kept | undefined
  readonly trail: Step | undefined
}

/** What walking came to; where it stopped, when it was stopped. */
export interface WalkResult {
  readonly refusal?: Refusal
  readonly at: number
  readonly state: State
  readonly path: readonly string[]
  readonly visits: number
  readonly kept: number
  readonly peakPending: number
  /** Bytes of stack used, by subprogram. */
  readonly stackBytes: readonly number[]
  /** 1 for each slot that was walked. */
  readonly walked: Uint8Array
  /** First slots of the global functions that were called. */
  readonly called: ReadonlySet<number>
}

/** Walks every path of a program, skipping those that an earlier one covers. */
export function walkProgram(
  input: VerifierInput,
  program: Program,
  {maxVisits = DEFAULT_VISITS, strict = false, trace}: VerifierOptions,
  entry = 0,
): WalkResult {
  const live = liveRegisters(program)
  const liveInCallers = (callSite: number): number =>
    (live[callSite + 1] ?? 0) | (live[callSite] ?? 0)
  const hasIterations = program.slots.some((_slot, at) => isIterating(program, at))
  const keptAt = new Map<number, Kept[]>()
  const stackBytes = program.starts.map(() => 0)
  const pending: Pending[] = []
  const walked = new Uint8Array(program.slots.length)
  let ids = 0
  let visits = 0
  let compared = 0
  let kept = 0
  let peakPending = 0
  const called = new Set<number>()
  let at = entry
  let state = entry === 0 ? startState() : globalState(input, program, entry)
  let parent: Kept | undefined
  let trail: Step | undefined
  let jumps = 0
  let jumpsAtKeep = 0
  let visitsAtKeep = 0

  const fork = (other: State, target: number, choice: string): void => {
    pending.push({state: other, at: target, parent, trail: {choice, previous: trail}})
    if (parent !== undefined) parent.open++
    peakPending = Math.max(peakPending, pending.length)
    if (pending.length > MAX_PENDING)
      throw new Refusal('complexity', `more than ${MAX_PENDING} branches are open at a time`, {
        hint: 'bound the loop by a constant',
      })
  }
  const endPath = (): boolean => {
    for (let node = parent; node !== undefined && --node.open === 0; node = node.parent) {}
    const next = pending.pop()
    if (next === undefined) return false
    ;({state, at, parent, trail} = next)
    return true
  }
  /** Whether an earlier state covers this one; keeps this one where it is worth it. */
  const isCovered = (): boolean => {
    const list = keptAt.get(at) ?? []
    const iterates = isIterating(program, at)
    let worth =
      iterates || (jumps - jumpsAtKeep >= KEEP_JUMPS && visits - visitsAtKeep >= KEEP_VISITS)
    compared += list.length
    if (compared > maxVisits * COMPARISONS_PER_VISIT)
      throw new Refusal('complexity', 'too many states were compared', {
        hint: 'shorten or split the program',
      })
    for (const earlier of [...list]) {
      const isOpen = earlier.open > 0
      const likeness: Likeness = hasIterations ? 'ranges' : 'pruning'
      if (isOpen && !iterates) {
        const loops = covers(earlier.state, state, 'exact', 0x3ff, () => 0x3ff)
        if (loops && earlier.state.mayGotoDepth === state.mayGotoDepth)
          throw new Refusal('loop', 'the loop never ends: the state repeats')
        if (jumps - jumpsAtKeep < 20 && visits - visitsAtKeep < 100) worth = false
        // A new state every iteration must not make each later comparison longer.
        if (worth && ++earlier.misses > 64) list.splice(list.indexOf(earlier), 1)
        continue
      }
      const isSame = isOpen && earlier.state.mayGotoDepth === state.mayGotoDepth
      const isMayGoto = program.slots[at]!.opcode === 0xe5
      const comparable = !(isMayGoto && isSame)
      if (comparable && covers(earlier.state, state, likeness, live[at]!, liveInCallers)) {
        earlier.hits++
        inheritMarks(earlier.state, state)
        return true
      }
      if (worth) earlier.misses++
      if (earlier.misses > earlier.hits * 3 + 3 && !iterates) list.splice(list.indexOf(earlier), 1)
    }
    if (!worth) return false
    const node: Kept = {state: cloneState(state), parent, at, open: 1, hits: 0, misses: 0}
    list.push(node)
    keptAt.set(at, list)
    parent = node
    kept++
    jumpsAtKeep = jumps
    visitsAtKeep = visits
    return false
  }
  /** Forgets numbers that changed since the same instruction was last walked on this path. */
  const widen = (widened: State, place: number): void => {
    // A state just kept at this very instruction is the one to widen, not the one before.
    let node = parent?.at === at && at === place ? parent.parent : parent
    while (node !== undefined && node.at !== place) node = node.parent
    if (node !== undefined) widenNumbers(node.state, widened)
  }

  const result = (refusal?: Refusal): WalkResult => ({
    ...(refusal === undefined ? {} : {refusal}),
    at: refusal?.slot ?? at,
    state,
    path: pathOf(trail),
    visits,
    kept,
    peakPending,
    stackBytes,
    walked,
    called,
  })
  try {
    for (;;) {
      if (program.mergePoints.has(at) && isCovered()) {
        if (!endPath()) break
        continue
      }
      if (++visits > maxVisits)
        throw new Refusal('complexity', `more than ${maxVisits} instructions were walked`, {
          hint: 'shorten or split the program',
        })
      walked[at] = 1
      trace?.(at, state)
      const opcode = program.slots[at]!.opcode
      if ((opcode & 7) === 5 || (opcode & 7) === 6) jumps++
      const next = step({
        input,
        program,
        state,
        at,
        newId: () => ++ids,
        useStack: (subprogram, bytes) => {
          if (bytes > stackBytes[subprogram]!) stackBytes[subprogram] = bytes
        },
        fork,
        widen,
        strict,
        callGlobal: target => void called.add(target),
      })
      if (next !== undefined) at = next
      else if (!endPath()) break
    }
    return result()
  } catch (error) {
    if (error instanceof Refusal) return result(error)
    throw error
  }
}

function startState(): State {
  const main = newFrame(0, -1, false)
  main.registers[1] = pointer('ctx')
  main.registers[10] = pointer('stack', {frame: 0})
  return {frames: [main], references: new Map(), mayGotoDepth: 0}
}

/** Where a global function starts: with anything that its types allow. */
function globalState(input: VerifierInput, program: Program, entry: number): State {
  const frame = newFrame(subprogramAt(program.starts, entry), -1, false)
  const args = input.globals?.get(entry)?.args ?? []
  args.forEach((argument, index) => {
    if (argument === 'unknown') return
    frame.registers[index + 1] =
      argument === 'number'
        ? anyNumber()
        : pointer('record', {size: argument.bytes, maybeNull: true, id: -1 - index})
  })
  frame.registers[10] = pointer('stack', {frame: 0})
  return {frames: [frame], references: new Map(), mayGotoDepth: 0}
}

/** The last branch outcomes, oldest first. */
function pathOf(trail: Step | undefined): string[] {
  const path: string[] = []
  for (let step = trail; step !== undefined && path.length < 8; step = step.previous)
    path.unshift(step.choice)
  return path
}

function widenNumbers(before: State, state: State): void {
  state.frames.forEach((frame, index) => {
    const old = before.frames[index]
    if (old === undefined) return
    frame.registers.forEach((register, number) => {
      frame.registers[number] = widened(old.registers[number], register)
    })
    frame.stack.forEach((slot, number) => {
      const next = widened(old.stack[number]?.spilled, slot.spilled)
      if (next !== slot.spilled && next !== undefined)
        frame.stack[number] = {...slot, spilled: next}
    })
  })
}

function widened(before: Register, register: Register): Register {
  if (before?.kind !== 'scalar' || register?.kind !== 'scalar') return register
  const isFixed = before.precise || register.precise || sameValue(before.value, register.value)
  return isFixed ? register : anyNumber()
}
