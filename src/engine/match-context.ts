import type {Event} from '../schema/event.ts'
import type {EventScope} from '../state/events/event-scope.ts'
import type {FdInfo} from '../state/fd.ts'
import type {HostState} from '../state/host-state.ts'
import type {Thread} from '../state/thread.ts'

/** What fields are read from: the event of the moment, its thread and descriptor, and the state. */
export class MatchContext {
  readonly state: HostState
  scope!: EventScope
  /** Time of the first event that is no remark of the capturing tool; 0n before it. */
  firstNs = 0n
  /** Whether this very event gave its descriptor another name. */
  fdNameChanged = false

  readonly #answers = new Map<string, unknown>()

  constructor(state: HostState) {
    this.state = state
  }

  /** Takes an event into the state and becomes about it. */
  begin(event: Event): void {
    if (this.firstNs === 0n && !event.def.flags.includes('skip_parser_reset'))
      this.firstNs = event.timeNs()
    this.scope = this.state.before(event)
    this.#answers.clear()
    this.fdNameChanged = this.scope.fd !== undefined && this.scope.fd.name !== this.scope.oldFdName
  }

  /** Applies what the event ends. */
  end(): void {
    this.state.after(this.scope)
  }

  /** Works something out at most once an event; `what` names it. */
  once<T>(what: string, work: (context: MatchContext) => T): T {
    if (!this.#answers.has(what)) this.#answers.set(what, work(this))
    return this.#answers.get(what) as T
  }

  get event(): Event {
    return this.scope.event
  }

  get thread(): Thread | undefined {
    return this.scope.thread
  }

  get fd(): FdInfo | undefined {
    return this.scope.fd
  }
}
