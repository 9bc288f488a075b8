import {parseCondition} from '../../src/compiler/condition/parser.ts'
import {ALL_EVENT_CODES, codesOfEventName, eventCodesOf} from '../../src/compiler/event-types.ts'
import {readSuite, runCases, type SuiteResult} from './suite-files.ts'

interface EventTypesCase {
  readonly name: string
  readonly filter: string
  readonly expect?:
    | 'all'
    | 'none'
    | 'ok'
    | 'error'
    | {readonly only: readonly string[]}
    | {readonly all_except: readonly string[]}
  readonly same_as?: string
}

/** Runs `event_types.json` of a folder; undefined when there is none. */
export async function runEventTypes(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<EventTypesCase>(dir, 'event_types.json')
  return cases && runCases('event_types', cases, runCase)
}

function runCase(test: EventTypesCase): string | undefined {
  const got = codesOf(test.filter)
  if (test.expect === 'error') return typeof got === 'string' ? undefined : 'was accepted'
  if (typeof got === 'string') return got
  if (test.same_as !== undefined) return difference(got, codesOf(test.same_as))
  return test.expect === undefined || test.expect === 'ok'
    ? undefined
    : difference(got, expected(test.expect))
}

function codesOf(filter: string): ReadonlySet<number> | string {
  const parsed = parseCondition(filter)
  if (!parsed.ok) return parsed.message
  const events = eventCodesOf(parsed.expr)
  return events.ok ? events.codes : events.problem.message
}

function expected(
  expect: Exclude<NonNullable<EventTypesCase['expect']>, 'ok' | 'error'>,
): ReadonlySet<number> {
  if (expect === 'all') return ALL_EVENT_CODES
  if (expect === 'none') return new Set()
  const names = 'only' in expect ? expect.only : expect.all_except
  const codes = new Set(names.flatMap(name => [...codesOfEventName(name)]))
  return 'only' in expect ? codes : new Set([...ALL_EVENT_CODES].filter(code => !codes.has(code)))
}

function difference(
  got: ReadonlySet<number>,
  want: ReadonlySet<number> | string,
): string | undefined {
  if (typeof want === 'string') return want
  const extra = [...got].filter(code => !want.has(code))
  const missing = [...want].filter(code => !got.has(code))
  if (extra.length + missing.length === 0) return undefined
  return `codes too many: ${extra.slice(0, 8).join()}; missing: ${missing.slice(0, 8).join()}`
}
