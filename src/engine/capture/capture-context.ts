import type {CapturedRecord} from '../../schema/event.ts'
import type {CaptureState} from '../../state/capture/capture-state.ts'
import type {CapturedFd} from '../../state/capture/captured-fd.ts'
import type {CapturedThread} from '../../state/capture/captured-thread.ts'
import type {EventScope} from '../../state/capture/event-scope.ts'

/** What fields of captured events are read from: the event of the moment, its thread and descriptor, and the state. */
export class CaptureContext {
  readonly state: CaptureState
  scope!: EventScope
  /** Time of the first event that is no remark of the capturing tool; 0n before it. */
  firstNs = 0n
  /** Whether this very event gave its descriptor another name. */
  fdNameChanged = false

  constructor(state: CaptureState) {
    this.state = state
  }

  /** Takes an event into the state and becomes about it. */
  begin(event: CapturedRecord): void {
    if (this.firstNs === 0n && !event.def.flags.includes('skip_parser_reset'))
      this.firstNs = event.timeNs()
    this.scope = this.state.before(event)
    this.fdNameChanged = this.scope.fd !== undefined && this.scope.fd.name !== this.scope.oldFdName
  }

  /** Applies what the event ends. */
  end(): void {
    this.state.after(this.scope)
  }

  get event(): CapturedRecord {
    return this.scope.event
  }

  get thread(): CapturedThread | undefined {
    return this.scope.thread
  }

  get fd(): CapturedFd | undefined {
    return this.scope.fd
  }
}
