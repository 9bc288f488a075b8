import type {VerifierMap} from '../input.ts'
import {constValue, isConst, UNKNOWN, type Value, ZERO} from '../values/value.ts'

/** A number. */
export interface Scalar {
  readonly kind: 'scalar'
  readonly value: Value
  /** Numbers with the same link (not 0) are equal but for `delta`: what one branch learns holds for all. */
  readonly link: number
  /** Whether a constant was added since the link was made; another one ends the link. */
  readonly isSum: boolean
  /** That constant. It stays behind when the link ends, as in the kernel, which refuses offsets by it. */
  readonly delta: bigint
  /** Whether a verdict depends on the exact value: then only smaller sets are covered by it. */
  precise: boolean
  /** The numbers that it was made from; empty once it is precise. */
  from: readonly Scalar[]
}

/** What a pointer points to. */
export type Target =
  | 'ctx'
  | 'stack'
  | 'map'
  | 'map-value'
  | 'map-key'
  | 'record'
  | 'kernel'
  | 'callback'

/** An address. */
export interface Pointer {
  readonly kind: 'pointer'
  readonly target: Target
  /** Whether it may be null until a test says otherwise. */
  readonly maybeNull: boolean
  /** Pointers that a test of one of them decides as well. */
  readonly id: number
  /** The reference that must be released; 0 for none. */
  readonly reference: number
  readonly off: number
  /** What is added to `off`. */
  readonly variable: Value
  readonly map?: VerifierMap
  /** Of records: size in bytes. */
  readonly size?: number
  /** Of the stack: depth of the frame. */
  readonly frame?: number
  /** Of kernel objects: type id. */
  readonly type?: number
  readonly trusted?: boolean
  /** Of callbacks: first slot. */
  readonly entry?: number
}

/** A register's content; undefined when nothing was written to it. */
export type Register = Scalar | Pointer | undefined

/** A number with this value, made from others. */
export function scalar(value: Value, from: readonly Scalar[] = []): Scalar {
  return {kind: 'scalar', value, link: 0, isSum: false, delta: 0n, precise: false, from}
}

/** A known number. */
export function known(value: bigint): Scalar {
  return scalar(constValue(value))
}

/** Any number. */
export function anyNumber(): Scalar {
  return scalar(UNKNOWN)
}

/** A pointer to the start of something. */
export function pointer(
  target: Target,
  details: Partial<Omit<Pointer, 'kind' | 'target'>> = {},
): Pointer {
  return {
    kind: 'pointer',
    target,
    maybeNull: false,
    id: 0,
    reference: 0,
    off: 0,
    variable: ZERO,
    ...details,
  }
}

/** What both a number and its copy are, with a link so that what is learned of one holds for the other. */
export function linked(number: Scalar, newId: () => number): Scalar {
  if (number.isSum) {
    // One constant is remembered per link, so a copy of a sum starts a new link.
    return linked({...number, link: 0, isSum: false, delta: 0n}, newId)
  }
  if (number.link !== 0 || isConst(number.value)) return number
  const {value, delta, precise} = number
  return {...scalar(value, [number]), link: newId(), delta, precise}
}

/** Notes that a verdict depends on a number, and on those that it was made from. */
export function markPrecise(start: Scalar): void {
  const pending = [start]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (at.precise) continue
    at.precise = true
    pending.push(...at.from)
    at.from = []
  }
}

/** A register's kind for people. */
export function kindOf(register: Register): string {
  if (register === undefined) return 'uninitialised'
  if (register.kind === 'scalar') return 'number'
  return register.maybeNull ? `${register.target} pointer or null` : `${register.target} pointer`
}
