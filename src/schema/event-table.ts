import type {EventDef, EventPair} from './event-pair.ts'
import {FILE_EVENTS} from './tables/events-file.ts'
import {NET_EVENTS} from './tables/events-net.ts'
import {OTHER_EVENTS} from './tables/events-other.ts'
import {OWN_EVENTS} from './tables/events-own.ts'
import {PROCESS_EVENTS} from './tables/events-process.ts'
import {SC_NAMES, SYSCALLS_X86_64} from './tables/syscalls.ts'

/** Every event pair, ordered by code. */
export const EVENT_PAIRS: readonly EventPair[] = [
  ...FILE_EVENTS,
  ...NET_EVENTS,
  ...OTHER_EVENTS,
  ...PROCESS_EVENTS,
].sort((a, b) => pairCode(a) - pairCode(b))

function pairCode(pair: EventPair): number {
  return (pair.enter ?? pair.exit)!.code & ~1
}

/** Every event code of every age, enter and exit. */
export const EVENTS: readonly EventDef[] = EVENT_PAIRS.flatMap(pair =>
  [pair.enter, pair.exit].filter(event => event !== undefined),
)

const byCode = new Map(EVENTS.map(event => [event.code, event]))
const current = new Map<string, EventDef>()
for (const pair of EVENT_PAIRS) {
  if (pair.status !== 'current') continue
  const event = pair.exit ?? pair.enter
  if (event) current.set(event.name, event)
}
for (const {exit} of OWN_EVENTS) if (exit !== undefined) current.set(exit.name, exit)

/** Names of the events of our own, which share the code of the generic event. */
export const OWN_EVENT_NAMES: readonly string[] = OWN_EVENTS.map(({name}) => name)

/** The event with this code in captures. */
export function eventByCode(code: number): EventDef | undefined {
  return byCode.get(code)
}

/**
 * The form of this event that today's sensors deliver (the exit side where there is one). Events of our own have the code of
 * the generic one.
 */
export function currentEvent(name: string): EventDef | undefined {
  return current.get(name)
}

/** Codes of the two events that stand for every system call without one of its own. */
export const GENERIC_EVENT_CODES: readonly number[] = EVENTS.filter(
  event => event.name === 'syscall',
).map(event => event.code)

/** Names of system calls (portable table) that `evt.type` and `syscall.type` may hold. */
export const SYSCALL_NAMES: ReadonlySet<string> = new Set([
  ...SC_NAMES.filter(name => name !== '' && name !== 'unknown'),
  ...SYSCALLS_X86_64.map(([, name]) => name),
])
