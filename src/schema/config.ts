import type {Priority} from './priority.ts'
import type {RuleSelection} from './rule-selection.ts'

/** The configuration with every default filled in. */
export interface Config {
  /** Rule files and folders, in order. */
  readonly rules: readonly string[]
  /** Rules switched on and off by the configuration, in order. */
  readonly selection: readonly RuleSelection[]
  /** Rules less severe than this are loaded but never run. */
  readonly priority: Priority
  readonly ruleMatching: 'first' | 'all'
  readonly jsonOutput: boolean
  readonly isoTime: boolean
  /** Properties of the JSON form of an alert. */
  readonly json: {
    readonly includeOutput: boolean
    readonly includeOutputFields: boolean
    readonly includeTags: boolean
    readonly includeMessage: boolean
  }
  readonly appendOutput: readonly AppendOutput[]
  /** Size of the kernel's ring buffer in MiB, a power of two. */
  readonly ring: {readonly mib: number}
  readonly outputs: {
    readonly stdout: {readonly enabled: boolean}
    readonly file: FileOutput
    readonly webhook: WebhookOutput
  }
}

/** Alerts appended to a file. */
export interface FileOutput {
  readonly enabled: boolean
  readonly filename: string
  /** Keep the file open between deliveries; otherwise it is opened for each. */
  readonly keepOpen: boolean
}

/** Alerts posted as JSON. */
export interface WebhookOutput {
  readonly enabled: boolean
  readonly url: string
  /** Added to each request. Values are secrets. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** One entry of `append_output`: what is added to the outputs of some rules. */
export interface AppendOutput {
  /** What is left out fits every rule; all listed tags have to be on the rule. */
  readonly match?: {
    readonly source?: string
    readonly rule?: string
    readonly tags?: readonly string[]
  }
  /** Template appended to the output with one blank. */
  readonly extraOutput?: string
  /** Added to `output_fields`: the field's own value, or with `formatted` the text of the template. */
  readonly extraFields?: readonly {
    readonly name: string
    readonly template: string
    readonly formatted: boolean
  }[]
  /** Append the fields that are marked as suggested. Default false. */
  readonly suggestedOutput?: boolean
}

/** What holds where the configuration says nothing. */
export const DEFAULT_CONFIG: Config = {
  rules: [],
  selection: [],
  priority: 'Debug',
  ruleMatching: 'first',
  jsonOutput: false,
  isoTime: false,
  json: {includeOutput: true, includeOutputFields: true, includeTags: true, includeMessage: false},
  appendOutput: [],
  ring: {mib: 16},
  outputs: {
    stdout: {enabled: true},
    file: {enabled: false, filename: '', keepOpen: true},
    webhook: {enabled: false, url: '', headers: {}, timeoutMs: 10_000},
  },
}
