import type {Event} from '../schema/event.ts'
import type {FdInfo} from '../state/fd-table.ts'
import type {HostState} from '../state/host-state.ts'
import type {Process, Thread} from '../state/process.ts'

/**
 * What fields are read from: the event of the moment, its thread, and the state around it. One object serves every
 * event; {@link MatchContext.moveTo} changes the event.
 */
export class MatchContext {
  readonly state: HostState
  event!: Event
  thread!: Thread
  #fd: FdInfo | undefined
  #fdKnown = false

  constructor(state: HostState) {
    this.state = state
  }

  moveTo(event: Event, thread: Thread): void {
    this.event = event
    this.thread = thread
    this.#fdKnown = false
  }

  /** Takes an event into the state and becomes about it. */
  begin(event: Event): void {
    this.moveTo(event, this.state.before(event))
  }

  /** Applies what the event ends. */
  end(): void {
    this.state.after(this.event, this.thread)
  }

  get process(): Process {
    return this.thread.process
  }

  /** The parent process, while it is known. */
  get parent(): Process | undefined {
    return this.state.table.ancestor(this.thread.process, 1)
  }

  /** The descriptor that the event works on; worked out once an event. */
  get fd(): FdInfo | undefined {
    if (!this.#fdKnown) {
      this.#fd = this.state.fdOf(this.event, this.thread.process)
      this.#fdKnown = true
    }
    return this.#fd
  }
}
