import {Engine, type EngineRule} from '../engine/engine.ts'
import {fieldBinder} from '../engine/field-binder.ts'
import {MatchContext} from '../engine/match-context.ts'
import type {Alert} from '../schema/alert.ts'
import type {CaptureEnd, CaptureHandler} from '../sensor/scap/capture-handler.ts'
import {readCapture} from '../sensor/scap/read-capture.ts'
import {HostState} from '../state/host-state.ts'
import {createFieldEventReplay, type FieldEventReplay} from './field-event-replay.ts'

const MAX_THREADS = 262_144

/** A replay, decided. */
export interface ReplaySettings {
  /** The capture file; `-` is standard input. */
  readonly path: string
  readonly rules: readonly EngineRule[]
  readonly matching: 'first' | 'all'
  readonly hostname: string
  /** Events later than this after the first one are left out; nanoseconds. */
  readonly limitNs?: bigint | undefined
  /** Takes each alert, in the order of the events. */
  readonly onAlert: (alert: Alert) => void
  /** Takes the number of bytes of the file that were read so far, again and again. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/** What came of a replay. */
export interface ReplayResult {
  /** Events that rules could see. */
  readonly judged: number
  /** From the first to the last of them, by the clock of the capture, in nanoseconds. */
  readonly spanNs: bigint
  /** Why and where reading ended early; the counts of the file. */
  readonly capture: CaptureEnd
}

/**
 * Runs rules over a capture. The same capture and rules give the same alerts on every machine but for the host name and, in
 * texts of local time, the time zone.
 *
 * @throws CodedError `CAPTURE_READ` or `CAPTURE_INVALID`
 */
export async function replayCapture(settings: ReplaySettings): Promise<ReplayResult> {
  const {path, rules, matching, hostname, limitNs, onAlert, onProgress} = settings
  const state = new HostState({maxThreads: MAX_THREADS})
  const context = new MatchContext(state)
  const options = {hostname, matching, runId: 'replay', onAlert}
  const engine = new Engine<MatchContext>({...options, context, binder: fieldBinder({hostname})})
  engine.setRules(rules, 1)
  let fieldEvents: FieldEventReplay | undefined
  let judged = 0
  let firstNs: bigint | undefined
  let lastNs = 0n
  const handler: CaptureHandler = {
    machine: machine => state.machine(machine),
    thread: thread => state.thread(thread),
    fd: (tid, fd) => state.fd(tid, fd),
    networkInterface: entry => state.networkInterface(entry),
    user: user => state.user(user),
    group: group => state.group(group),
    event: (event, stateOnly) => {
      const now = event.timeNs()
      // Remarks of the capturing tool carry times of another kind.
      if (!event.def.flags.includes('skip_parser_reset')) firstNs ??= now
      if (limitNs !== undefined && firstNs !== undefined && now - firstNs > limitNs) return
      if (stateOnly) {
        context.begin(event)
        context.end()
        return
      }
      judged++
      if (firstNs !== undefined && now > lastNs) lastNs = now
      engine.process(event)
    },
    fieldEvent(line) {
      fieldEvents ??= createFieldEventReplay(rules, options)
      const wrong = fieldEvents.take(line, judged + 1)
      if (wrong !== undefined) return wrong
      judged++
      firstNs ??= fieldEvents.timeNs
      if (fieldEvents.timeNs > lastNs) lastNs = fieldEvents.timeNs
      return undefined
    },
  }
  const capture = await readCapture(path, handler, {onProgress})
  const spanNs = firstNs === undefined || lastNs < firstNs ? 0n : lastNs - firstNs
  return {judged, spanNs, capture}
}
