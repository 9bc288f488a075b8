import type {ByteString} from '../../schema/bytes.ts'
import type {Event} from '../../schema/event.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import type {Int} from '../../schema/value.ts'
import type {CgroupContainers} from '../containers/cgroup-containers.ts'
import type {ContainerTable} from '../containers/container-table.ts'
import {type FdInfo, identityByNode} from '../fd.ts'
import {joinPath} from '../join-path.ts'
import {openFileOf} from '../open-file.ts'
import {directoryText, type StoredEnter, type Thread} from '../thread.ts'
import type {ThreadTable} from '../thread-table.ts'

/** What is known of the event at hand while the state takes it in, and what fields read afterwards. */
export interface EventScope {
  readonly event: Event
  readonly table: ThreadTable
  readonly cgroups: CgroupContainers
  readonly containers: ContainerTable
  /** Nanoseconds from the epoch to boot. */
  readonly bootNs: bigint
  /** Whether descriptors are kept beyond the event that opened them. */
  readonly followsFds: boolean
  thread: Thread | undefined
  fd: FdInfo | undefined
  /** Name that the descriptor had before the event. */
  oldFdName: ByteString
  /** Where a thread went by the kernel's word, when what the event tells beside it leads elsewhere: through a link. */
  resolvedCwd: ByteString | undefined
  /** The enter event of the same call, when the capture has it. */
  readonly enter: StoredEnter | undefined
}

/** Takes one event into the state. */
export type EventHandler = (scope: EventScope) => void

/** Value of a parameter as a number; undefined when it is missing. */
export function numberOf(event: Pick<Event, 'get'>, name: string): number | undefined {
  const value = event.get(name)
  return value === undefined || typeof value === 'string' ? undefined : Number(value)
}

/** Value of a parameter as an integer of any size. */
export function intOf(event: Pick<Event, 'get'>, name: string): Int | undefined {
  const value = event.get(name)
  return typeof value === 'string' ? undefined : value
}

/** Value of a parameter as 64 unsigned bits; 0n when it is missing. */
export function wideOf(event: Pick<Event, 'get'>, name: string): bigint {
  return BigInt.asUintN(64, BigInt(intOf(event, name) ?? 0))
}

/** Value of a text parameter. */
export function textParam(event: Pick<Event, 'get'>, name: string): ByteString | undefined {
  const value = event.get(name)
  return typeof value === 'string' ? value : undefined
}

const hasResult = new WeakMap<EventDef, string | null>()

/** Name of the parameter that holds the call's result. */
export function resultName(def: EventDef): string | undefined {
  let name = hasResult.get(def)
  if (name === undefined) {
    const first = def.params[0]?.name
    name = def.direction === 'exit' && (first === 'res' || first === 'fd') ? first : null
    hasResult.set(def, name)
  }
  return name ?? undefined
}

/** The call's result; undefined for events that have none. */
export function resultOf(event: Event): Int | undefined {
  const name = resultName(event.def)
  return name === undefined ? undefined : intOf(event, name)
}

/** Whether the call succeeded. */
export function succeeded(event: Event): boolean {
  const result = resultOf(event)
  return result !== undefined && result >= 0
}

/** An open descriptor of a thread. */
export function fdOf(scope: EventScope, fd: number): FdInfo | undefined {
  return scope.thread === undefined ? undefined : scope.table.fdsOf(scope.thread)?.get(fd)
}

/** Opens a descriptor: it becomes what the event is about. `file` names the value that identifies the file behind it. */
export function addFd(scope: EventScope, fd: number, info: FdInfo, file?: string): void {
  const {thread, table, event} = scope
  if (thread === undefined) return
  info.identity = openFileOf(event, file) ?? identityByNode(info)
  if (scope.followsFds) table.fdsOf(thread)?.set(fd, info)
  thread.lastFd = fd
  scope.fd = info
  scope.oldFdName = ''
}

/** The working directory of a thread, closing slash included. */
export function workingDirectory(table: ThreadTable, thread: Thread): ByteString {
  return table.placeOf(thread)?.cwd ?? './'
}

/** Moves a thread, and whoever shares its place, to another directory. */
export function changeDirectory(table: ThreadTable, thread: Thread, to: ByteString): void {
  const place = table.placeOf(thread)
  if (place !== undefined) place.cwd = directoryText(joinPath(place.cwd, to))
}
