import {allOf, anyOf, DROP, type KernelFilter, opposite, PASS} from './kernel-filter.ts'

/**
 * A test enclosed from both sides: where it holds, `may` passes; where `must` holds, it holds. Both are the same where the
 * record tells the test exactly.
 */
export interface Bounds {
  readonly may: KernelFilter
  readonly must: KernelFilter
}

/** Nothing is known of the test. */
export const UNKNOWN: Bounds = {may: PASS, must: DROP}
/** The test never holds: its field is absent. */
export const NEVER: Bounds = {may: DROP, must: DROP}
/** The test always holds. */
export const ALWAYS: Bounds = {may: PASS, must: PASS}

/** A test that the record tells. */
export function exact(filter: KernelFilter): Bounds {
  return {may: filter, must: filter}
}

/** The test that holds where this one does not. */
export function not({may, must}: Bounds): Bounds {
  return {may: opposite(must), must: opposite(may)}
}

/** Both hold. */
export function both(left: Bounds, right: Bounds): Bounds {
  return {may: allOf([left.may, right.may]), must: allOf([left.must, right.must])}
}

/** Either holds. */
export function either(left: Bounds, right: Bounds): Bounds {
  return {may: anyOf([left.may, right.may]), must: anyOf([left.must, right.must])}
}
