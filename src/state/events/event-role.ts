import {DIRECTORY_PARAMS, FD_PARAMS} from '../../schema/captures/identity.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import {isProbeCode} from '../../schema/probe.ts'
import type {EventHandler} from './event-scope.ts'

/** What an event is to the state: worked out once for each definition, since it is asked for at every event. */
export interface EventRole {
  /** How its thread is found: not at all, among the known ones, or made up when it is not known. */
  readonly thread: 'none' | 'known' | 'any'
  /** A remark of the capturing tool, or of the scheduler: about no call. */
  readonly remark: boolean
  readonly enter: boolean
  readonly usesFd: boolean
  /** The descriptor parameter that it is about. */
  readonly fdParam: string | undefined
  /** The descriptor is a directory that a name is relative to. */
  readonly usesDirectory: boolean
  /** An enter event whose values the exit event's handler reads. */
  readonly storesEnter: boolean
  /** Takes the event into the state. */
  readonly handler: EventHandler | undefined
}

const STORED_ENTERS: ReadonlySet<string> = new Set([
  'open',
  'openat',
  'openat2',
  'creat',
  'execve',
  'execveat',
  'connect',
])
/** Events that belong to no thread. */
const NO_THREAD: ReadonlySet<string> = new Set([
  'container',
  'useradded',
  'userdeleted',
  'groupadded',
  'groupdeleted',
  'pluginevent',
  'asyncevent',
])
/** Events without an end: what they tell stands in the one event there is. */
const NO_CALLS: ReadonlySet<string> = new Set([
  'procexit',
  'switch',
  'useradded',
  'userdeleted',
  'groupadded',
  'groupdeleted',
])
/** Events of threads that are looked up and never made up. */
const LOOKED_UP: ReadonlySet<string> = new Set([
  'clone',
  'clone3',
  'fork',
  'vfork',
  'switch',
  'procexit',
])

/** The roles of events, given the handlers by name. */
export class EventRoles {
  readonly #roles = new Map<EventDef, EventRole>()
  readonly #handlers: Readonly<Record<string, EventHandler>>

  constructor(handlers: Readonly<Record<string, EventHandler>>) {
    this.#handlers = handlers
  }

  of(def: EventDef): EventRole {
    let role = this.#roles.get(def)
    if (role === undefined) {
      role = this.#roleOf(def)
      this.#roles.set(def, role)
    }
    return role
  }

  #roleOf({name, flags, params, direction, code}: EventDef): EventRole {
    const skipped = flags.includes('skip_parser_reset')
    const isProbe = isProbeCode(code)
    const thread =
      (skipped && name !== 'procinfo') || NO_THREAD.has(name)
        ? 'none'
        : skipped || LOOKED_UP.has(name) || isProbe
          ? 'known'
          : 'any'
    const fdParam = FD_PARAMS.find(candidate => params.some(param => param.name === candidate))
    return {
      thread,
      remark: skipped || name === 'switch' || isProbe,
      enter: direction === 'enter',
      usesFd: flags.includes('uses_fd'),
      fdParam,
      usesDirectory: fdParam !== undefined && DIRECTORY_PARAMS.has(fdParam),
      storesEnter: STORED_ENTERS.has(name),
      handler:
        (direction === 'exit' || NO_CALLS.has(name)) && Object.hasOwn(this.#handlers, name)
          ? this.#handlers[name]
          : undefined,
    }
  }
}
