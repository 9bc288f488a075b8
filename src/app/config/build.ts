import {
  type AppendOutput,
  type Config,
  DEFAULT_CONFIG,
  type DropAction,
} from '../../schema/config/config.ts'
import {parsePriority} from '../../schema/priority.ts'
import type {RuleSelection} from '../../schema/rule-selection.ts'
import {buildOutputs, type RawOutput} from './outputs.ts'
import {buildQueue, type RawQueue} from './queue.ts'

/** A configuration object that fits the schema, as far as its reader needs to know. */
export interface RawConfig {
  readonly rules?: readonly (string | RawRuleStep)[]
  readonly rules_files?: readonly string[]
  readonly rules_file?: readonly string[]
  readonly priority?: string
  readonly rule_matching?: 'first' | 'all'
  readonly json_output?: boolean
  readonly time_format_iso_8601?: boolean
  readonly json_include_output_property?: boolean
  readonly json_include_output_fields_property?: boolean
  readonly json_include_tags_property?: boolean
  readonly json_include_message_property?: boolean
  readonly append_output?: readonly RawAppendOutput[]
  readonly ring?: {readonly state_mib?: number; readonly bulk_mib?: number}
  readonly entry_copies?: boolean
  readonly kernel_filter?: boolean
  readonly drops?: RawDrops
  readonly syscall_event_drops?: RawDrops
  readonly containers?: {
    readonly enabled?: boolean
    readonly wait_ms?: number
    readonly timeout_ms?: number
    readonly label_max_len?: number
    readonly host_root?: string
    readonly sockets?: Partial<Config['containers']['sockets']>
  }
  readonly probes?: readonly {
    readonly name: string
    readonly object: string
    readonly map?: string
    readonly struct?: string
    readonly optional?: boolean
  }[]
  readonly control?: {readonly enabled?: boolean; readonly socket?: string}
  readonly queue?: RawQueue
  readonly metrics?: {readonly enabled?: boolean; readonly listen?: string}
  readonly webserver?: {
    readonly enabled?: boolean
    readonly listen_address?: string
    readonly listen_port?: number
    readonly k8s_healthz_endpoint?: string
    readonly prometheus_metrics_enabled?: boolean
  }
  readonly outputs?: RawOutputs | readonly RawOutput[]
  readonly stdout_output?: {readonly enabled?: boolean}
  readonly file_output?: {
    readonly enabled?: boolean
    readonly keep_alive?: boolean
    readonly filename?: string
  }
  readonly http_output?: {
    readonly enabled?: boolean
    readonly url?: string
    readonly user_agent?: string
  }
}

/** The mapping form of `outputs`. */
interface RawOutputs {
  readonly stdout?: {readonly enabled?: boolean}
  readonly file?: {
    readonly enabled?: boolean
    readonly filename?: string
    readonly keep_open?: boolean
  }
  readonly webhook?: {
    readonly enabled?: boolean
    readonly url?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly timeout_ms?: number
  }
}

interface RawDrops {
  readonly actions?: readonly DropAction[]
  readonly threshold?: number
  readonly rate?: number
  readonly max_burst?: number
}

interface RawRuleStep {
  readonly enable?: {readonly rule?: string; readonly tag?: string}
  readonly disable?: {readonly rule?: string; readonly tag?: string}
}

interface RawAppendOutput {
  readonly match?: NonNullable<AppendOutput['match']>
  readonly extra_output?: string
  readonly extra_fields?: readonly (string | Readonly<Record<string, string>>)[]
  readonly suggested_output?: boolean
}

/** Fills in the defaults and brings both vocabularies to one form. */
export function buildConfig(raw: RawConfig): Config {
  const defaults = DEFAULT_CONFIG
  const {rules = [], ring} = raw
  return {
    rules: [
      ...rules.filter(entry => typeof entry === 'string'),
      ...(raw.rules_files ?? raw.rules_file ?? []),
    ],
    selection: rules.flatMap(entry => (typeof entry === 'string' ? [] : stepsOf(entry))),
    priority: parsePriority(raw.priority ?? '') ?? defaults.priority,
    ruleMatching: raw.rule_matching ?? defaults.ruleMatching,
    jsonOutput: raw.json_output ?? defaults.jsonOutput,
    isoTime: raw.time_format_iso_8601 ?? defaults.isoTime,
    json: {
      includeOutput: raw.json_include_output_property ?? defaults.json.includeOutput,
      includeOutputFields:
        raw.json_include_output_fields_property ?? defaults.json.includeOutputFields,
      includeTags: raw.json_include_tags_property ?? defaults.json.includeTags,
      includeMessage: raw.json_include_message_property ?? defaults.json.includeMessage,
    },
    appendOutput: (raw.append_output ?? []).map(appendOf),
    ring: {
      stateMib: ring?.state_mib ?? defaults.ring.stateMib,
      bulkMib: ring?.bulk_mib ?? defaults.ring.bulkMib,
    },
    entryCopies: raw.entry_copies ?? defaults.entryCopies,
    kernelFilter: raw.kernel_filter ?? defaults.kernelFilter,
    drops: dropsOf(raw.drops ?? raw.syscall_event_drops ?? {}),
    containers: containersOf(raw),
    probes: (raw.probes ?? []).map(({name, object, map, struct, optional = false}) => ({
      name,
      object,
      map,
      struct,
      optional,
    })),
    control: {...defaults.control, ...raw.control},
    http: httpOf(raw),
    queue: buildQueue(raw.queue),
    outputs: outputsOf(raw),
    sinks: isList(raw.outputs) ? buildOutputs(raw.outputs) : defaults.sinks,
  }
}

function containersOf({containers: raw}: RawConfig): Config['containers'] {
  const defaults = DEFAULT_CONFIG.containers
  return {
    enabled: raw?.enabled ?? defaults.enabled,
    waitMs: raw?.wait_ms ?? defaults.waitMs,
    timeoutMs: raw?.timeout_ms ?? defaults.timeoutMs,
    labelMaxLength: raw?.label_max_len ?? defaults.labelMaxLength,
    hostRoot: raw?.host_root ?? defaults.hostRoot,
    sockets: {...defaults.sockets, ...raw?.sockets},
  }
}

function httpOf({metrics, webserver}: RawConfig): Config['http'] {
  const defaults = DEFAULT_CONFIG.http
  if (webserver === undefined) return {...defaults, ...metrics}
  const address = webserver.listen_address ?? '127.0.0.1'
  return {
    enabled: webserver.enabled ?? false,
    listen: `${address.includes(':') ? `[${address}]` : address}:${webserver.listen_port ?? 8765}`,
    metrics: webserver.prometheus_metrics_enabled ?? false,
    healthPath: webserver.k8s_healthz_endpoint ?? defaults.healthPath,
  }
}

function dropsOf({actions, threshold, rate, max_burst}: RawDrops): Config['drops'] {
  const defaults = DEFAULT_CONFIG.drops
  return {
    actions: actions ?? defaults.actions,
    threshold: threshold ?? defaults.threshold,
    rate: rate ?? defaults.rate,
    maxBurst: max_burst ?? defaults.maxBurst,
  }
}

function outputsOf(raw: RawConfig): Config['outputs'] {
  const defaults = DEFAULT_CONFIG.outputs
  if (isList(raw.outputs)) return {...defaults, stdout: {enabled: false}}
  const file = raw.outputs?.file
  const falcoFile = raw.file_output
  const webhook = raw.outputs?.webhook
  const http = raw.http_output
  const stdout = raw.outputs?.stdout ?? raw.stdout_output
  const userAgent = http?.user_agent === undefined ? {} : {'user-agent': http.user_agent}
  return {
    stdout: {enabled: stdout?.enabled ?? defaults.stdout.enabled},
    file: {
      enabled: (file ?? falcoFile)?.enabled ?? defaults.file.enabled,
      filename: (file ?? falcoFile)?.filename ?? defaults.file.filename,
      // In Falco's vocabulary the file is opened for each alert unless it says keep_alive.
      keepOpen: falcoFile
        ? (falcoFile.keep_alive ?? false)
        : (file?.keep_open ?? defaults.file.keepOpen),
    },
    webhook: {
      enabled: (webhook ?? http)?.enabled ?? defaults.webhook.enabled,
      url: (webhook ?? http)?.url ?? defaults.webhook.url,
      headers: webhook?.headers ?? userAgent,
      timeoutMs: webhook?.timeout_ms ?? defaults.webhook.timeoutMs,
    },
  }
}

function isList(outputs: RawConfig['outputs']): outputs is readonly RawOutput[] {
  return Array.isArray(outputs)
}

/** A name and a tag in one entry are two steps; an empty name is none. */
function stepsOf(entry: RawRuleStep): RuleSelection[] {
  const op = entry.enable === undefined ? 'disable' : 'enable'
  const {rule, tag} = entry.enable ?? entry.disable ?? {}
  const steps: RuleSelection[] = []
  if (rule !== undefined && rule !== '') steps.push({op, match: 'wildcard', pattern: rule})
  if (tag !== undefined) steps.push({op, match: 'tag', pattern: tag})
  return steps
}

function appendOf(raw: RawAppendOutput): AppendOutput {
  const {match, extra_output, extra_fields, suggested_output} = raw
  return {
    ...(match === undefined ? {} : {match}),
    ...(extra_output === undefined ? {} : {extraOutput: extra_output}),
    ...(extra_fields === undefined ? {} : {extraFields: extra_fields.map(extraFieldOf)}),
    ...(suggested_output === undefined ? {} : {suggestedOutput: suggested_output}),
  }
}

function extraFieldOf(raw: string | Readonly<Record<string, string>>) {
  if (typeof raw === 'string') {
    const name = raw.replace(/^%/, '')
    return {name, template: `%${name}`, formatted: false}
  }
  const [name = '', template = ''] = Object.entries(raw)[0] ?? []
  return {name, template, formatted: true}
}
