import type {CheckedField, CheckedTest} from '../checked.ts'
import {testBounds} from '../filter/derive-filter.ts'
import {type EventKind, OPEN_EVENTS} from '../filter/event-kind.ts'

/** Why the kernel does not decide a test. */
export type UserReason = keyof typeof USER_REASONS

/** What the reasons mean, for people. */
export const USER_REASONS = {
  two_values: 'compares two values of the event',
  transformer: 'a transformer makes the value',
  several_values: 'the field has several values',
  process: 'depends on the process',
  user: 'depends on the user database',
  container: 'depends on the container',
  descriptor: 'the descriptor was opened by an earlier event',
  resolved: 'the value is worked out of the descriptor or path',
  event: 'the value is worked out of the event',
  time: 'depends on the time',
  operator: 'the operator is not supported in the kernel',
  constants: 'too many constants, or some that the kernel cannot compare with',
  enclosed: 'the kernel rules out only a part',
} as const

/** The reason why nothing is known of a test of this kind of record in the kernel. */
export function userReason(test: CheckedTest, kind: EventKind): UserReason {
  if (test.right !== undefined) return 'two_values'
  if (test.left.kind !== 'field') return 'transformer'
  if (test.left.list) return 'several_values'
  const state = stateReason(test.left)
  if (state !== undefined) return state
  if (isKnown(withOneConstant(test), kind)) return 'constants'
  if (isKnown(withEquality(test), kind)) return 'operator'
  return fieldReason(test.left, kind)
}

const STATE_REASONS: Readonly<Record<string, UserReason>> = {
  proc: 'process',
  process: 'process',
  thread: 'process',
  container: 'container',
  k8s: 'container',
}

function stateReason({field}: CheckedField): UserReason | undefined {
  const {class: fieldClass} = field.def
  return Object.hasOwn(STATE_REASONS, fieldClass) ? STATE_REASONS[fieldClass] : undefined
}

function fieldReason({field}: CheckedField, {def}: EventKind): UserReason {
  const {class: fieldClass, name} = field.def
  if (fieldClass === 'user' || fieldClass === 'group') return 'user'
  if (fieldClass === 'fd') {
    const isOpened = OPEN_EVENTS.has(def.name) || def.flags.includes('creates_fd')
    return isOpened || !def.flags.includes('uses_fd') ? 'resolved' : 'descriptor'
  }
  if (fieldClass.startsWith('fs')) return 'resolved'
  return /time|latency|deltatime|duration/.test(name) ? 'time' : 'event'
}

function isKnown(test: CheckedTest, kind: EventKind): boolean {
  const {may, must} = testBounds(test, kind)
  return may.kind !== 'pass' || must.kind !== 'drop'
}

function withOneConstant(test: CheckedTest): CheckedTest {
  return {...test, constants: test.constants.slice(0, 1)}
}

function withEquality({modifier: _, ...test}: CheckedTest): CheckedTest {
  return {...test, op: '=', constants: test.constants.slice(0, 1)}
}
