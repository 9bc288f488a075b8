import type {CodedError} from '../../diagnostics/error.ts'
import type {ByteString} from '../../schema/bytes.ts'
import type {Event, LiveFacts} from '../../schema/event.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import {currentEvent} from '../../schema/event-table.ts'
import type {Int} from '../../schema/value.ts'
import type {CaptureWriter} from '../../sensor/scap/write/capture-writer.ts'
import {openCaptureWriter} from '../../sensor/scap/write/open-capture-writer.ts'
import type {ContainerInfo} from '../../state/containers/container-info.ts'
import {toContainerJson} from '../../state/containers/container-json.ts'
import type {EventScope} from '../../state/events/event-scope.ts'
import {paramValue} from '../../state/events/state-params.ts'
import type {MetadataSink} from '../../state/metadata.ts'

/** What a recording holds when it ends. */
export interface RecordingSummary {
  readonly path: string
  readonly events: number
  /** Before packing. */
  readonly bytes: number
  /** Why nothing more was written. */
  readonly failure: string | undefined
}

/** Writes live events to a capture, so that replaying it gives what rules saw live. */
export class Recording {
  readonly #path: string
  readonly #writer: CaptureWriter
  readonly #event = new RecordedEvent()
  #failure: string | undefined
  #waiting: {readonly event: Event; readonly stateOnly: boolean}[] = []

  /** @throws CodedError `CAPTURE_NAME`, `CAPTURE_WRITE` */
  constructor(path: string, onFailure: (error: CodedError) => void) {
    this.#path = path
    this.#writer = openCaptureWriter(path, {
      onFailure: error => {
        this.#failure = error.message
        onFailure(error)
      },
    })
  }

  /** Takes what was there before the first event. */
  get lists(): MetadataSink {
    return this.#writer
  }

  /**
   * Takes an event that the state has taken. `stateOnly`: no rule asked for it. While `wait` holds it is only kept: what a
   * container is must stand in the file ahead of the events that had to wait for it.
   */
  take(scope: EventScope, stateOnly: boolean, wait: boolean): void {
    this.#event.moveTo(scope)
    if (wait && this.#waiting.length < MAX_WAITING) {
      this.#waiting.push({event: snapshotOf(this.#event), stateOnly})
    } else {
      this.flush()
      this.#writer.event(this.#event, stateOnly)
    }
    if (scope.resolvedCwd === undefined) return
    const event = whereabouts(scope)
    if (this.#waiting.length > 0) this.#waiting.push({event, stateOnly: true})
    else this.#writer.event(event, true)
  }

  /** Takes what is known of a container, ahead of the events that are kept. */
  container(info: ContainerInfo, timeNs: bigint): void {
    const json = toContainerJson(info)
    const at = this.#waiting[0]?.event.timeNs() ?? timeNs
    this.#writer.event(madeUp(CONTAINER, {num: 0, tid: 0, cpu: 0}, at, {json}), true)
  }

  /** Writes the events that are kept. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const {event, stateOnly} of waiting) this.#writer.event(event, stateOnly)
  }

  close(): RecordingSummary {
    this.flush()
    this.#writer.close()
    const {events, bytes} = this.#writer
    return {path: this.#path, events, bytes, failure: this.#failure}
  }
}

/** Events that are kept at most while a container is awaited. */
const MAX_WAITING = 65_536
const GETCWD = currentEvent('getcwd')!
const CONTAINER = currentEvent('container')!

/** Captures have no place for where a link led: a replay learns it as if the thread had asked for its directory. */
function whereabouts({event, resolvedCwd: path = ''}: EventScope): Event {
  return madeUp(GETCWD, event, event.timeNs(), {res: path.length + 1, path})
}

/** An event that no sensor gave. */
function madeUp(
  def: EventDef,
  {num, tid, cpu}: Pick<Event, 'num' | 'tid' | 'cpu'>,
  timeNs: bigint,
  values: Readonly<Record<string, Int | ByteString>>,
): Event {
  return {
    num,
    def,
    tid,
    cpu,
    paramCount: def.params.length,
    live: undefined,
    timeNs: () => timeNs,
    get: name => (Object.hasOwn(values, name) ? values[name] : undefined),
  }
}

/** The event with all its parameters, for longer than its moment. */
function snapshotOf(event: Event): Event {
  const {num, def, tid, cpu, paramCount, live} = event
  const timeNs = event.timeNs()
  const values = new Map(def.params.map(({name}) => [name, event.get(name)]))
  return {
    num,
    def,
    tid,
    cpu,
    paramCount,
    live: live && factsOf(def, live),
    timeNs: () => timeNs,
    get: name => values.get(name),
  }
}

function factsOf(def: EventDef, live: LiveFacts): LiveFacts {
  const {kind, pid, uid, gid, startedNs, copied} = live
  const cut = new Set(def.params.map(({name}) => name).filter(name => live.isCut(name)))
  return {kind, pid, uid, gid, startedNs, copied, isCut: name => cut.has(name)}
}

/** A live event with the parameters that the sensor leaves to the state. */
class RecordedEvent implements Event {
  #scope!: EventScope

  moveTo(scope: EventScope): void {
    this.#scope = scope
  }

  get num(): number {
    return this.#scope.event.num
  }

  get def(): EventDef {
    return this.#scope.event.def
  }

  get tid(): number {
    return this.#scope.event.tid
  }

  get cpu(): number {
    return this.#scope.event.cpu
  }

  get paramCount(): number {
    return this.#scope.event.paramCount
  }

  get live(): LiveFacts | undefined {
    return this.#scope.event.live
  }

  timeNs(): bigint {
    return this.#scope.event.timeNs()
  }

  get(name: string): Int | ByteString | undefined {
    return paramValue(this.#scope, name)
  }
}
