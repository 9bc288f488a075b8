import type {OutputConfig, OutputType} from '../../schema/config/output-config.ts'
import type {SchemaProblem} from './check.ts'

/** One entry of the list form of `outputs` that fits its schema. */
export interface RawOutput {
  readonly type: OutputType
  readonly name?: string
  readonly [key: string]: unknown
}

const HTTP = {headers: {}, timeoutMs: 10_000}
const MIB = 1024 * 1024

/** What holds where an entry says nothing. */
const DEFAULTS: Readonly<Record<OutputType, Readonly<Record<string, unknown>>>> = {
  stdout: {},
  file: {keepOpen: true, rotateBytes: 0, rotateKeep: 5},
  program: {keepOpen: true, timeoutMs: 10_000},
  syslog: {facility: 13, maxBytes: 8192, format: 'text', timeoutMs: 10_000},
  webhook: {...HTTP, method: 'POST', format: 'detector'},
  falco: HTTP,
  slack: {...HTTP, maxFields: 10},
  teams: HTTP,
  alertmanager: {...HTTP, labels: {}, labelFields: [], expireMs: 3_600_000},
  pagerduty: {...HTTP, url: 'https://events.pagerduty.com'},
  elasticsearch: {...HTTP, index: 'logs-detector.alerts-default', format: 'ecs', maxBytes: 5 * MIB},
  loki: {...HTTP, labels: {}, format: 'detector', maxBytes: MIB},
  splunk: {...HTTP, sourcetype: 'detector:alert', format: 'detector', maxBytes: MIB},
  otlp: {...HTTP, maxBytes: MIB},
  redis: {stream: 'detector:alerts', maxEntries: 100_000, format: 'detector', timeoutMs: 10_000},
}

/** Ports of syslog by transport. */
const SYSLOG_PORTS: ReadonlyMap<unknown, number> = new Map([
  ['udp', 514],
  ['tcp', 601],
  ['tls', 6514],
])

/** Values whose keys are the user's own and stay as they are. */
const OWN_KEYS: ReadonlySet<string> = new Set(['headers', 'labels'])

/** Fills in the defaults; an output without a name has that of its type, the second one `type-2`. */
export function buildOutputs(raw: readonly RawOutput[]): readonly OutputConfig[] {
  const names = new Set(raw.map(entry => entry.name).filter(name => name !== undefined))
  return raw.map(entry => {
    const name = entry.name ?? freeName(entry.type, names)
    names.add(name)
    const defaults = DEFAULTS[entry.type]
    const port = entry.type === 'syslog' ? {port: SYSLOG_PORTS.get(entry['transport']) ?? 0} : {}
    // The schema has said which keys there are and what they hold.
    return {...defaults, ...port, ...camelKeys(entry), name} as unknown as OutputConfig
  })
}

function freeName(type: string, taken: ReadonlySet<string>): string {
  let name = type
  for (let number = 2; taken.has(name); number++) name = `${type}-${number}`
  return name
}

function camelKeys(raw: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      isMapping(value) && !OWN_KEYS.has(key) ? camelKeys(value) : value,
    ]),
  )
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What the schema cannot say of outputs: names given twice, and two outputs for one standard output. */
export function outputProblems(raw: readonly RawOutput[]): SchemaProblem[] {
  const problems: SchemaProblem[] = []
  const seen = new Map<string, number>()
  for (const [index, entry] of raw.entries()) {
    if (entry.name === undefined) continue
    const first = seen.get(entry.name)
    if (first === undefined) seen.set(entry.name, index)
    else
      problems.push({
        path: ['outputs', index, 'name'],
        message: `is the name of outputs[${first}] too`,
        hint: undefined,
      })
  }
  const stdouts = raw.flatMap((entry, index) => (entry.type === 'stdout' ? [index] : []))
  for (const index of stdouts.slice(1)) {
    problems.push({path: ['outputs', index], message: 'is stdout a second time', hint: undefined})
  }
  return problems
}
