import {FD_TYPES} from '../../../schema/tables/names.ts'
import type {CheckedTest} from '../../checked.ts'
import {prepareTest} from '../../js/constant-test.ts'
import {type Bounds, UNKNOWN} from '../bounds.ts'
import {allOf, anyOf, DROP, type KernelFilter, PASS} from '../kernel-filter.ts'
import {acceptedAddresses, acceptedPorts, isEveryAddress, isEveryPort} from './ranges.ts'
import {
  EVERY_CLASS,
  INTERNET,
  SOCKET_CLASS,
  type SocketClassName,
  type SocketEnd,
  type SocketQuestion,
} from './socket-atom.ts'
import type {SocketFacts} from './socket-facts.ts'

const CLASSES = Object.entries(SOCKET_CLASS) as readonly [SocketClassName, number][]
const TYPE: Readonly<Record<SocketClassName, string | undefined>> = {
  unix: 'unix',
  ipv4Stream: 'ipv4',
  ipv6Stream: 'ipv6',
  ipv4Other: 'ipv4',
  ipv6Other: 'ipv6',
  none: undefined,
  unixAlone: 'unix',
  other: undefined,
}
const LETTER: Readonly<Record<SocketClassName, string | undefined>> = {
  unix: 'u',
  ipv4Stream: '4',
  ipv6Stream: '6',
  ipv4Other: '4',
  ipv6Other: '6',
  // What a failed accept would have yielded.
  none: '4',
  unixAlone: 'u',
  other: undefined,
}
const SOCKET_TYPES: ReadonlySet<string> = new Set(['ipv4', 'ipv6', 'unix'])
const others = FD_TYPES.map(([, name, letter]) => ({name: name.replace(/ .*/, ''), letter})).filter(
  ({name}) => !SOCKET_TYPES.has(name),
)
/** Types and letters of all other descriptors. */
const OTHER_TYPES: readonly string[] = others.map(({name}) => name)
const OTHER_LETTERS: readonly string[] = [...others.map(({letter}) => letter), '?']
/** What fields show of a descriptor that nothing is known of; the others are absent. */
const MISSING: ReadonlyMap<string, string> = new Map([
  ['fd.typechar', 'o'],
  ['fd.name', ''],
  ['fd.directory', '/'],
])
/** What shows as the name of a failed accept, and as its directory. */
const [NO_NAME, NO_DIRECTORY] = ['NULL', '/']
const ONE_END = /^fd\.([csrl])(ip|net|port|proto)(\.name)?$/

/** What a socket's record tells of a test of a field of its descriptor. */
export function socketFieldTest(test: CheckedTest, field: string, facts: SocketFacts): Bounds {
  const certain = certainTest(test, field, facts)
  if (!facts.mayBeMissing) return certain
  const isMet = holdsOf(test, MISSING.get(field))
  return {may: isMet ? PASS : certain.may, must: DROP}
}

function certainTest(test: CheckedTest, field: string, facts: SocketFacts): Bounds {
  switch (field) {
    case 'fd.type':
      return byFamily(facts, test, TYPE, OTHER_TYPES)
    case 'fd.typechar':
      return byFamily(facts, test, LETTER, OTHER_LETTERS)
    case 'fd.sockfamily':
      return byClass(facts, name => holdsOf(test, familyOf(name)))
    case 'fd.l4proto':
      return byClass(facts, name =>
        name === 'none' ? false : isOpen(facts.protocolOf(name), text => holdsOf(test, text)),
      )
    case 'fd.connected':
      return byClass(facts, (name, bit) => {
        if (name === 'none') return false
        return (facts.connected & bit) === 0 ? undefined : prepareTest(test)(true)
      })
    case 'fd.name':
      return byClass(facts, (name, bit) => nameHolds(test, name, (facts.named & bit) !== 0))
    case 'fd.filename':
      return byClass(facts, name => (name === 'other' ? undefined : false))
    case 'fd.directory':
      return byClass(facts, name => {
        if (name === 'other') return undefined
        return name === 'none' ? holdsOf(test, NO_DIRECTORY) : false
      })
    case 'fd.ip':
    case 'fd.net':
    case 'fd.port':
    case 'fd.proto':
      return bothEnds(test, field.slice('fd.'.length), facts)
    default: {
      const [, side, part, name] = ONE_END.exec(field) ?? []
      if (side === undefined || part === undefined) return UNKNOWN
      // Names of addresses and services are known to user space.
      if (name !== undefined || part === 'proto')
        return byClass(facts, (_, bit) => ((INTERNET & bit) === 0 ? false : undefined))
      return oneEnd(test, part, side, facts)
    }
  }
}

/** A test that the family decides, as far as it is certain; `others` are the values of descriptors that are no such socket. */
function byFamily(
  facts: SocketFacts,
  test: CheckedTest,
  values: Readonly<Record<SocketClassName, string | undefined>>,
  others: readonly string[],
): Bounds {
  const holds = (name: SocketClassName): boolean => holdsOf(test, values[name])
  const isTold = facts.isFamilyOpen !== true || holds('ipv4Other') === holds('ipv6Other')
  const [other, ...rest] = new Set(others.map(value => holdsOf(test, value)))
  return byClass(facts, (name, bit) => {
    if (name === 'other') return rest.length === 0 ? other : undefined
    return isTold || (INTERNET & bit) === 0 ? holds(name) : undefined
  })
}

function familyOf(name: SocketClassName): string | undefined {
  if (name === 'none' || name === 'other') return undefined
  return name === 'unix' || name === 'unixAlone' ? 'unix' : 'ip'
}

/** The answer for a value that is always the same; false when it is absent. */
function holdsOf(test: CheckedTest, value: string | undefined): boolean {
  return value !== undefined && prepareTest(test)(value)
}

function isOpen<T>(value: T | undefined, judge: (value: T) => boolean): boolean | undefined {
  return value === undefined ? undefined : judge(value)
}

/** A test that the class of the socket decides, where `holds` says so; undefined leaves it open. */
function byClass(
  facts: SocketFacts,
  holds: (name: SocketClassName, bit: number) => boolean | undefined,
): Bounds {
  let [may, must] = [0, 0]
  for (const [name, bit] of CLASSES) {
    const answer = holds(name, bit)
    if (answer !== false) may |= bit
    if (answer === true) must |= bit
  }
  // Asking for none of them tells records whose class is known; as the least that holds it would say nothing.
  return {
    may: may === EVERY_CLASS ? PASS : classIn(facts, may),
    must: must === 0 ? DROP : classIn(facts, must),
  }
}

/** A socket of one of these classes, or of one that is not known. */
function classIn(facts: SocketFacts, classes: number): KernelFilter {
  return ask(facts, {ask: 'class', classes})
}

/** A socket with addresses, or one of which nothing is known. */
export function isOfInternet(facts: SocketFacts): KernelFilter {
  return classIn(facts, INTERNET)
}

function ask({place}: SocketFacts, question: SocketQuestion): KernelFilter {
  return {kind: 'literal', atom: {kind: 'socket', ...place, question}, want: true}
}

/** Names of sockets begin with a digit, a letter or a colon, never with a slash. */
function nameHolds(
  test: CheckedTest,
  name: SocketClassName,
  isNamed: boolean,
): boolean | undefined {
  if (!isNamed) return undefined
  if (name === 'none') return holdsOf(test, NO_NAME)
  if (test.op === 'exists') return true
  const isAbsolute = test.constants.every(text => typeof text === 'string' && text.startsWith('/'))
  if (!isAbsolute || test.modifier !== undefined) return undefined
  if (test.op === '=' || test.op === 'in' || test.op === 'startswith') return false
  return test.op === '!=' ? true : undefined
}

/** What cannot be asked of ends: `open` cannot be told, no value or every value passes. */
type Unasked = 'open' | 'never' | 'always'
/** A question to an end. */
type EndQuestion = (end: SocketEnd) => KernelFilter

function endQuestion(test: CheckedTest, part: string, facts: SocketFacts): EndQuestion | Unasked {
  if (part === 'port' || part === 'proto') {
    const ranges = acceptedPorts(test)
    if (ranges === undefined) return 'open'
    if (ranges.length === 0) return 'never'
    return isEveryPort(ranges) ? 'always' : end => ask(facts, {ask: 'port', end, ranges})
  }
  const sets = acceptedAddresses(test, part === 'ip' ? 'address' : 'network')
  if (sets === undefined) return 'open'
  if (sets.ipv4.length === 0 && sets.ipv6.length === 0) return 'never'
  return isEveryAddress(sets) ? 'always' : end => ask(facts, {ask: 'address', end, ...sets})
}

/** What is told of ends where no question is asked of them. */
function withoutQuestion(unasked: Unasked, facts: SocketFacts): Bounds {
  return byClass(facts, (_, bit) => {
    if (unasked === 'never' || (INTERNET & bit) === 0) return false
    return unasked === 'always' && (facts.told & bit) !== 0 ? true : undefined
  })
}

/** A field of both ends: one of them suffices, of `!=` there must be some and both must do. */
function bothEnds(test: CheckedTest, part: string, facts: SocketFacts): Bounds {
  if (test.op === 'exists') return byClass(facts, name => name !== 'none')
  const of = endQuestion(test, part, facts)
  if (typeof of === 'string') return withoutQuestion(of, facts)
  if (facts.server === 'listens') return asFarAsTold(facts, of('local'), of('local'))
  const filter = of(test.op === '!=' ? 'all' : 'any')
  return asFarAsTold(facts, filter, filter)
}

/** A field of one end, which is absent where there is no such end. */
function oneEnd(test: CheckedTest, part: string, side: string, facts: SocketFacts): Bounds {
  const {server, told} = facts
  if (server === 'listens' && side !== 's') return byClass(facts, () => false)
  if (test.op === 'exists') {
    return byClass(facts, (_, bit) => {
      if ((INTERNET & bit) === 0) return false
      return (told & bit) === 0 ? undefined : true
    })
  }
  const of = endQuestion(test, part, facts)
  if (typeof of === 'string') return withoutQuestion(of, facts)
  if (server === 'listens') return asFarAsTold(facts, of('local'), of('local'))
  // Which end is on this side of a connection, the addresses of the host tell.
  if (server === 'either' || side === 'l' || side === 'r')
    return asFarAsTold(facts, of('any'), of('all'))
  const other: SocketEnd = server === 'local' ? 'remote' : 'local'
  const filter = of(side === 's' ? server : other)
  return asFarAsTold(facts, filter, filter)
}

/** What is asked of ends is open for classes that may show other ones. */
function asFarAsTold(facts: SocketFacts, may: KernelFilter, must: KernelFilter): Bounds {
  const open = INTERNET & ~facts.told
  if (open === 0) return {may, must}
  return {
    may: anyOf([classIn(facts, open), may]),
    must: facts.told === 0 ? DROP : allOf([classIn(facts, facts.told), must]),
  }
}
