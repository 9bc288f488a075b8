import {errnoName} from '../../schema/errno.ts'
import {ERRNOS} from '../../schema/tables/names.ts'
import {PATH_PARAMS} from '../../schema/tables/path-params.ts'
import type {CheckedTest} from '../checked.ts'
import type {FieldRef} from '../field-ref.ts'
import {ALWAYS, type Bounds, both, either, exact, NEVER, not, UNKNOWN} from './bounds.ts'
import {type EventKind, OPEN_EVENTS, paramOf, resultName, resultSlot, slotOf} from './event-kind.ts'
import {flagPlace, flagTextTest, hasAnyBit, tableOf} from './flag-tests.ts'
import {anyOf, DROP} from './kernel-filter.ts'
import {
  constantNumberTest,
  HEADER_NUMBER,
  isAtLeast,
  isBelow,
  isOneOf,
  numberPlace,
  numberTest,
} from './number-tests.ts'
import {openFieldTest} from './open-tests.ts'
import {socketFacts} from './socket/socket-facts.ts'
import {socketFieldTest} from './socket/socket-tests.ts'
import {constantTextTest, textTest} from './text-tests.ts'

/** Bits of flags of opened files as events carry them. */
const OPEN_FLAG = {read: 1, write: 2, create: 4, tmpfile: 1 << 13} as const
const ANY_EXECUTE = 0o111
const PATH_TYPES: ReadonlySet<string> = new Set(['fspath', 'fsrelpath'])

/** What the record tells of a test of one field against constants. */
export function fieldTest(test: CheckedTest, field: FieldRef, kind: EventKind): Bounds {
  switch (field.def.name) {
    case 'evt.type':
      return constantTextTest(test, kind.def.name)
    case 'evt.dir':
      return constantTextTest(test, kind.def.direction === 'exit' ? '<' : '>')
    case 'evt.num':
      return runningNumberTest(test)
    case 'evt.is_open_read':
      return booleanTest(test, hasOpenFlag(kind, OPEN_FLAG.read))
    case 'evt.is_open_write':
      return booleanTest(test, hasOpenFlag(kind, OPEN_FLAG.write))
    case 'evt.is_open_exec':
      return booleanTest(test, opensForExecution(kind))
    case 'evt.rawres':
      return resultTest(test, kind)
    case 'evt.failed':
    case 'evt.res':
      return outcomeTest(test, kind)
    case 'evt.arg':
      return argumentTest(test, field, kind)
    case 'evt.rawarg':
      return rawArgumentTest(test, field, kind)
    case 'user.uid':
      return idTest(test, kind, 'uid')
    case 'group.gid':
      return idTest(test, kind, 'gid')
    case 'fd.num':
      return descriptorTest(test, kind)
    case 'fs.path.name':
    case 'fs.path.source':
    case 'fs.path.target':
      return pathFieldTest(test, kind, field.def.name.slice('fs.path.'.length))
    default: {
      const socket = socketFacts(kind)
      return socket === undefined
        ? openFieldTest(test, field.def.name, kind)
        : socketFieldTest(test, field.def.name, socket)
    }
  }
}

/** A test of a number that counts from 1. */
function runningNumberTest({op, constants, modifier, right}: CheckedTest): Bounds {
  const isBelow = (bound: bigint): boolean =>
    constants.every(constant => typeof constant !== 'string' && BigInt(constant) < bound)
  if (modifier !== undefined || right !== undefined || constants.length === 0) return UNKNOWN
  switch (op) {
    case '=':
    case 'in':
    case '<=':
      return isBelow(1n) ? NEVER : UNKNOWN
    case '<':
      return isBelow(2n) ? NEVER : UNKNOWN
    case '!=':
    case '>':
      return isBelow(1n) ? ALWAYS : UNKNOWN
    case '>=':
      return isBelow(2n) ? ALWAYS : UNKNOWN
    default:
      return UNKNOWN
  }
}

/** A test of a field that is there and true where `holds` says so. */
export function booleanTest(test: CheckedTest, holds: Bounds): Bounds {
  const [value] = test.constants
  if (test.op === 'exists') return ALWAYS
  if (typeof value !== 'boolean' || test.constants.length !== 1 || test.modifier !== undefined)
    return UNKNOWN
  if (test.op !== '=' && test.op !== '!=' && test.op !== 'in') return UNKNOWN
  return (test.op === '!=') === value ? not(holds) : holds
}

function hasOpenFlag(kind: EventKind, flag: number): Bounds {
  if (!OPEN_EVENTS.has(kind.def.name)) return NEVER
  const [slot, table] = [slotOf(kind, 'flags'), tableOf(kind, 'flags')]
  if (slot === undefined || table === undefined || slot.maxBytes > 0) return UNKNOWN
  return exact(hasAnyBit(flagPlace(kind, slot, table), flag))
}

function opensForExecution(kind: EventKind): Bounds {
  const {name} = kind.def
  if (name !== 'creat' && !OPEN_EVENTS.has(name)) return NEVER
  const creates =
    name === 'creat' ? ALWAYS : hasOpenFlag(kind, OPEN_FLAG.create | OPEN_FLAG.tmpfile)
  const mode = slotOf(kind, 'mode')
  const isPlain = mode?.source.from === 'arg' && tableOf(kind, 'mode') === undefined
  if (mode === undefined || !isPlain) return both(creates, UNKNOWN)
  return both(creates, exact(hasAnyBit(flagPlace(kind, mode, undefined), ANY_EXECUTE)))
}

function resultTest(test: CheckedTest, kind: EventKind): Bounds {
  if (resultName(kind) === undefined) return NEVER
  const slot = resultSlot(kind)
  const place = slot === undefined ? undefined : numberPlace(slot)
  return place === undefined ? UNKNOWN : numberTest(test, place)
}

/** Whether the call failed, and `evt.res` where it is compared with names. */
function outcomeTest(test: CheckedTest, kind: EventKind): Bounds {
  if (resultName(kind) === undefined) return NEVER
  const slot = resultSlot(kind)
  const place = slot === undefined ? undefined : numberPlace(slot)
  if (place === undefined) return UNKNOWN
  if (test.left.type === 'bool') return booleanTest(test, exact(isBelow(place, 0n)))
  if (test.modifier !== undefined) return UNKNOWN
  if (test.op !== '=' && test.op !== 'in' && test.op !== '!=') return UNKNOWN
  const errors = test.constants.filter(name => name !== 'SUCCESS')
  const results = errors.map(name => resultNamed(String(name)))
  // A result without a name shows as a number.
  if (results.includes(undefined)) return UNKNOWN
  const failed = isOneOf(place, results as bigint[])
  const succeeded = errors.length < test.constants.length ? isAtLeast(place, 0n) : DROP
  const named = exact(anyOf([succeeded, failed]))
  return test.op === '!=' ? not(named) : named
}

/** The result of a call that failed with the error of this name. */
function resultNamed(name: string): bigint | undefined {
  const errno = ERRNOS.find(([, value]) => errnoName(value) === name)?.[1]
  return errno === undefined ? undefined : BigInt(-errno)
}

function argumentTest(test: CheckedTest, {arg, index}: FieldRef, kind: EventKind): Bounds {
  if (index !== undefined) return UNKNOWN
  const param = paramOf(kind, arg)
  if (param === undefined) return NEVER
  const [slot, table] = [slotOf(kind, param.name), tableOf(kind, param.name)]
  if (slot === undefined) return UNKNOWN
  if (PATH_TYPES.has(param.type)) {
    return slot.source.from === 'text' && slot.source.when === undefined
      ? textTest(test, {slot, form: 'absolute', defined: ALWAYS})
      : UNKNOWN
  }
  if (slot.maxBytes > 0 || table === undefined || !/flags|mode/.test(param.type)) return UNKNOWN
  return flagTextTest(test, flagPlace(kind, slot, table), table)
}

function rawArgumentTest(test: CheckedTest, {arg}: FieldRef, kind: EventKind): Bounds {
  const param = paramOf(kind, arg)
  if (param === undefined) return NEVER
  const slot = slotOf(kind, param.name)
  if (slot === undefined) return UNKNOWN
  if (PATH_TYPES.has(param.type)) {
    return slot.source.from === 'text' && slot.source.when === undefined
      ? textTest(test, {slot, form: 'raw', defined: ALWAYS})
      : UNKNOWN
  }
  const place = numberPlace(slot)
  const isNumber = test.constants.every(constant => typeof constant !== 'string')
  if (place === undefined || param.table !== undefined || !isNumber) return UNKNOWN
  return typeof test.constants[0] === 'boolean' ? UNKNOWN : numberTest(test, place)
}

/** The ids of the thread are those of the record, except where the event itself changes them or makes the thread. */
function idTest(test: CheckedTest, {layout}: EventKind, id: 'uid' | 'gid'): Bounds {
  return layout.capture.state === 'always' ? UNKNOWN : numberTest(test, HEADER_NUMBER[id])
}

/** The number of the descriptor: the one that the call was given, or yielded. */
function descriptorTest(test: CheckedTest, kind: EventKind): Bounds {
  const {def, layout} = kind
  const slot = slotOf(kind, 'fd')
  const place = slot === undefined ? undefined : numberPlace(slot)
  if (slot === undefined || place === undefined) return UNKNOWN
  const isFile = OPEN_EVENTS.has(def.name) || def.name === 'creat'
  if (isFile && slot.source.from === 'ret') {
    const [yielded, failed] = [exact(isAtLeast(place, 0n)), exact(isBelow(place, 0n))]
    return either(
      both(yielded, numberTest(test, place)),
      both(failed, constantNumberTest(test, -1n)),
    )
  }
  const isGiven =
    layout.capture.state === undefined &&
    def.flags.includes('uses_fd') &&
    !def.flags.includes('creates_fd') &&
    slot.source.from === 'arg'
  return isGiven ? numberTest(test, place) : UNKNOWN
}

/** A path that the call worked on: there where the call did not fail, as the peers understand it. */
function pathFieldTest(test: CheckedTest, kind: EventKind, which: string): Bounds {
  const {name} = kind.def
  const names: Readonly<Record<string, string>> = PATH_PARAMS[which as keyof typeof PATH_PARAMS]
  const param = Object.hasOwn(names, name) ? paramOf(kind, names[name]) : undefined
  if (!Object.hasOwn(names, name)) return NEVER
  const slot = param === undefined ? undefined : slotOf(kind, param.name)
  const result = resultSlot(kind)
  const place = result === undefined ? undefined : numberPlace(result)
  if (param === undefined || slot === undefined || place === undefined) return UNKNOWN
  if (!PATH_TYPES.has(param.type) || slot.source.from !== 'text') return UNKNOWN
  if (slot.source.when !== undefined) return UNKNOWN
  const isOpen = OPEN_EVENTS.has(name)
  const defined = isOpen ? not(exact(isOneOf(place, [-1n]))) : exact(isAtLeast(place, 0n))
  // Only names that fold to themselves: opened files have folded names, and other paths are joined alike.
  return textTest(test, {slot, form: 'normal', defined})
}
