import {type FieldEvent, fieldEventBinder, parseFieldEvent} from '../src/compiler/field-events.ts'
import {evaluate} from '../src/compiler/interpret.ts'
import {compileRuleMatcher, type MatchableRule} from '../src/compiler/js/matcher.ts'
import {currentEvent} from '../src/schema/event-table.ts'
import {type Measurement, machine, measure} from './harness.ts'
import {compileCondition, generatedConditions, loadRules, publicRuleFiles} from './rule-sets.ts'

/** What {@link run} yields: time of one event. */
export interface MatchResult {
  readonly name: 'match'
  readonly machine: ReturnType<typeof machine>
  readonly cases: readonly {
    readonly case: string
    readonly rules: number
    /** Of one event with the generated matcher. */
    readonly matcher: Measurement
    readonly eventsPerSecond: number
    /** Of one event with the interpreter, which asks every rule of the event's code. */
    readonly interpreter: Measurement
  }[]
}

/** Ordinary events that match none of the rules: opens, an exec, a connection. */
const LINES = [
  {
    'evt.type': 'openat',
    'fd.name': '/usr/lib/x86_64-linux-gnu/libc.so.6',
    'fd.num': 3,
    'evt.is_open_read': true,
  },
  {'evt.type': 'openat', 'fd.name': '/proc/self/status', 'fd.num': 4, 'evt.is_open_read': true},
  {'evt.type': 'openat', 'fd.name': '/data/cache/index.db', 'fd.num': 5, 'evt.is_open_write': true},
  {'evt.type': 'execve', 'proc.exepath': '/usr/bin/sort', 'evt.arg.filename': '/usr/bin/sort'},
  {
    'evt.type': 'connect',
    'fd.type': 'ipv4',
    'fd.sip': '10.1.2.3',
    'fd.sport': 80,
    'fd.name': '10.0.0.1:4->10.1.2.3:80',
  },
].map(event => ({
  'evt.num': 7,
  'evt.rawres': 0,
  'evt.res': 'SUCCESS',
  'fd.typechar': 'f',
  'proc.name': 'sort',
  'proc.pname': 'make',
  'proc.exepath': '/usr/bin/sort',
  'proc.cmdline': 'sort -u input.txt',
  'proc.aname': ['make', 'bash', 'sshd', 'systemd'],
  'proc.vpid': 4711,
  'proc.pid': 4711,
  'user.name': 'builder',
  'user.uid': 1000,
  'container.id': 'host',
  ...event,
}))

interface CodedEvent {
  readonly event: FieldEvent
  readonly code: number
}

function mkEvents(): readonly CodedEvent[] {
  return LINES.map(line => {
    const parsed = parseFieldEvent(JSON.stringify(line))
    if (!parsed.ok) throw new Error(parsed.message)
    return {event: parsed.event, code: currentEvent(line['evt.type'])!.code}
  })
}

/** Times one event against 1, 93, 100, 1,000 and 10,000 rules. Each set's answers are compared with the interpreter's first. */
export async function run(): Promise<MatchResult> {
  const events = mkEvents()
  const sets: {case: string; rules: readonly MatchableRule[]}[] = [1, 100, 1000, 10_000].map(
    count => ({
      case: 'generated',
      rules: generatedConditions(count).map(compileCondition),
    }),
  )
  const files = publicRuleFiles()
  if (files !== undefined) sets.push({case: 'public', rules: loadRules(files).rules})
  const cases = sets.map(set => ({
    case: set.case,
    rules: set.rules.length,
    ...timeSet(set.rules, events),
  }))
  return {name: 'match', machine: machine(), cases}
}

function timeSet(
  rules: readonly MatchableRule[],
  events: readonly CodedEvent[],
): {matcher: Measurement; eventsPerSecond: number; interpreter: Measurement} {
  const matcher = compileRuleMatcher(rules, fieldEventBinder)
  const interpreted = ({event, code}: CodedEvent): number =>
    rules.findIndex(
      rule => rule.eventCodes.has(code) && evaluate(rule.condition, event, fieldEventBinder),
    )
  for (const each of events) {
    const got = matcher.matchFirst(each.event, each.code)
    const want = interpreted(each)
    if (got !== want) throw new Error(`the matcher says ${got}, the interpreter ${want}`)
  }
  const time = measure(
    () => {
      for (const {event, code} of events) matcher.matchFirst(event, code)
    },
    {units: events.length},
  )
  const slow = measure(() => events.forEach(each => void interpreted(each)), {
    units: events.length,
    repeats: 3,
    warmUpMs: 1,
  })
  return {matcher: time, eventsPerSecond: Math.round(1e9 / time.medianNs), interpreter: slow}
}
