import {FD_TYPES} from '../../../schema/tables/names.ts'
import type {CheckedTest} from '../../checked.ts'
import type {EventKind} from '../event-kind.ts'
import {DROP, type KernelFilter, PASS} from '../kernel-filter.ts'
import {openFieldTest} from '../open-tests.ts'
import {constantTextTest} from '../text-tests.ts'

/**
 * Which descriptors the state must have seen being opened. A later event shows of a file, a directory or a pipe what the kernel
 * knows of it: all but the name by which it was opened, which differs from the kernel's own where links led to it. So an opening is
 * needed where a test of a later event may hold for that name; of all others it is known that no such test does.
 */

/** Fields that the name decides by which a file was opened. */
const NAME_FIELDS: ReadonlySet<string> = new Set(['fd.name', 'fd.directory', 'fd.filename'])
/** Fields that the later event tells of by itself, and those of sockets. */
const TOLD_LATER =
  /^fd\.(num|uid|types?|typechar|ino|l4proto|is_server|connected|name_changed|sockfamily|ip|net|port|proto|[csrl](ip|net|port|proto)(\.name)?)$/

const TYPES = new Map(
  FD_TYPES.map(([, name, char]) => [name, {name: name.replace(/ .*/, ''), char}] as const),
)
/** Types of the descriptors that calls make and the kernel does not tell of later, by the kind of record. */
const MADE: Readonly<Record<string, string>> = {
  eventfd: 'event',
  eventfd2: 'event',
  epoll_create: 'eventpoll',
  epoll_create1: 'eventpoll',
  timerfd_create: 'timerfd',
  signalfd: 'signalfd',
  signalfd4: 'signalfd',
  inotify_init: 'inotify',
  inotify_init1: 'inotify',
  userfaultfd: 'userfaultfd',
  io_uring_setup: 'io_uring',
  bpf: 'bpf',
}
const PIPES: ReadonlySet<string> = new Set(['pipe', 'pipe2'])

/** Whether this kind of record makes descriptors of which it is known what they are: see {@link isMadeNeeded}. */
export function makesNameless(capture: string): boolean {
  return PIPES.has(capture) || Object.hasOwn(MADE, capture)
}

/** Whether a test of a later event may hold for a descriptor that such a kind of record makes, and nothing else tells of it. */
export function isMadeNeeded(capture: string, test: CheckedTest): boolean {
  if (PIPES.has(capture)) return false
  return mayHold(test, MADE[capture]!)
}

/** Whether a test may hold for a descriptor of this type without a name, as far as only its making tells. */
export function mayHold(test: CheckedTest, type: string): boolean {
  const {name, char} = TYPES.get(type)!
  const field = fieldOf(test)
  if (field === 'fd.type') return constantTextTest(test, name).may.kind !== 'drop'
  if (field === 'fd.typechar') return constantTextTest(test, char).may.kind !== 'drop'
  if (field === 'fd.name') return constantTextTest(test, '').may.kind !== 'drop'
  return field === undefined || !TOLD_LATER.test(field)
}

/** The records of a call that opens files by name for which a test of a later event on the descriptor may hold. */
export function openedForTest(kind: EventKind, test: CheckedTest): KernelFilter {
  const field = fieldOf(test)
  if (field === undefined) return PASS
  if (NAME_FIELDS.has(field)) return openFieldTest(test, field, kind).may
  return TOLD_LATER.test(field) ? DROP : PASS
}

/** The field that a test compares with constants; undefined for other tests. */
function fieldOf({left, right}: CheckedTest): string | undefined {
  if (right !== undefined || left.kind !== 'field' || left.list) return undefined
  return left.field.def.name
}
