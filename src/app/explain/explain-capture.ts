import type {CheckedCondition} from '../../compiler/checked.ts'
import {
  type FieldEvent,
  fieldEventBinder,
  fieldEventCode,
  parseFieldEvent,
} from '../../compiler/field-events.ts'
import type {FieldBinder} from '../../compiler/field-ref.ts'
import {evaluate} from '../../compiler/interpret.ts'
import {fieldBinder} from '../../engine/field-binder.ts'
import {MatchContext} from '../../engine/match-context.ts'
import type {CaptureEnd, CaptureHandler} from '../../sensor/scap/capture-handler.ts'
import {readCapture} from '../../sensor/scap/read-capture.ts'
import {HostState} from '../../state/host-state.ts'
import type {RuleSet} from '../rules/rule-set.ts'
import {type EventJudge, eventJudge, type JudgedEvent} from './judge-event.ts'
import type {SetRule} from './select-rules.ts'

const MAX_THREADS = 262_144

/** Which events of a file are explained by which rules. */
export interface ExplainEventsSettings {
  /** A capture or a file of field events; `-` is standard input. */
  readonly path: string
  readonly rules: readonly SetRule[]
  readonly macros: RuleSet['loaded']['macros']
  readonly hostname: string
  /** Only events for which it holds. */
  readonly filter?: CheckedCondition | undefined
  /** Only the event with this `evt.num`. */
  readonly number?: number | undefined
  /** Most events that are explained; the others are counted. */
  readonly maxEvents: number
  /** Takes each explained event, in the order of the file. */
  readonly onEvent: (event: JudgedEvent) => void
}

/** What came of it. */
export interface ExplainEventsResult {
  readonly explained: number
  /** Events that were chosen, and not explained because there are too many. */
  readonly more: number
  /** Whether the file holds field events. */
  readonly fieldEvents: boolean
  readonly capture: CaptureEnd
}

/**
 * Explains events of a file: what each rule makes of them, with the state as it was when they happened.
 *
 * @throws CodedError `CAPTURE_READ` or `CAPTURE_INVALID`; INTERNAL where interpreter and matcher differ
 */
export async function explainEvents(settings: ExplainEventsSettings): Promise<ExplainEventsResult> {
  const {path, rules, macros, hostname, filter, number, maxEvents, onEvent} = settings
  const state = new HostState({maxThreads: MAX_THREADS})
  const context = new MatchContext(state)
  const binder = fieldBinder({hostname})
  let judgeContext: EventJudge<MatchContext> | undefined
  let judgeFields: EventJudge<FieldEvent> | undefined
  let [explained, more, fieldEvents, last] = [0, 0, false, 0]

  const isChosen = <E>(event: E, from: FieldBinder<E>, num: number): boolean =>
    (number === undefined || num === number) &&
    (filter === undefined || evaluate(filter, event, from))
  const hasRoom = (): boolean => {
    if (explained >= maxEvents) more++
    else explained++
    return more === 0
  }
  const handler: CaptureHandler = {
    machine: machine => state.machine(machine),
    thread: thread => state.thread(thread),
    fd: (tid, fd) => state.fd(tid, fd),
    networkInterface: entry => state.networkInterface(entry),
    user: user => state.user(user),
    group: group => state.group(group),
    event: (event, stateOnly) => {
      context.begin(event)
      if (!stateOnly && isChosen(context, binder, event.num) && hasRoom()) {
        judgeContext ??= eventJudge(rules, macros, binder)
        const {code, name: type} = event.def
        onEvent(judgeContext({event: context, code, type, number: event.num}))
      }
      context.end()
    },
    fieldEvent: (text, line) => {
      fieldEvents = true
      const parsed = parseFieldEvent(text, {number: last + 1, timeNs: 0})
      if (!parsed.ok) return parsed.message
      const {event} = parsed
      last = Number(event.values.get('evt.num'))
      if (!isChosen(event, fieldEventBinder, last) || !hasRoom()) return undefined
      judgeFields ??= eventJudge(rules, macros, fieldEventBinder)
      const type = String(event.values.get('evt.type') ?? '')
      onEvent(judgeFields({event, code: fieldEventCode(event), type, number: last, line}))
      return undefined
    },
  }
  const capture = await readCapture(path, handler)
  return {explained, more, fieldEvents, capture}
}
