/** Forms in which an output can write alerts. */
export const FORMAT_NAMES = ['detector', 'falco', 'ecs', 'ocsf', 'cef', 'leef', 'text'] as const

/** How an output writes alerts. */
export type FormatName = (typeof FORMAT_NAMES)[number]

/** Files of a TLS connection, PEM. Read when the output opens and again when it is reopened. */
export interface TlsFiles {
  /** Authorities to trust instead of those of the system. */
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  /** Name that the certificate of the receiver must carry; default: the host of its address. */
  readonly serverName?: string
}

/** What all outputs that speak HTTP have. */
export interface HttpOutputConfig {
  readonly name: string
  /** Often a secret. */
  readonly url: string
  /** Values are secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** Longest wait for the head of an answer. */
  readonly timeoutMs: number
  readonly tls?: TlsFiles
}

/** How requests of a webhook are signed. */
export interface SignatureConfig {
  /** Of the style `standard` in the form `whsec_BASE64`, or any text. */
  readonly secret: string
  /** `standard`: the headers of Standard Webhooks, with time and id; `github`: `X-Hub-Signature-256` over the body. */
  readonly style: 'standard' | 'github'
}

/** Every request of its own, in any format. */
export interface WebhookConfig extends HttpOutputConfig {
  readonly type: 'webhook'
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'GET' | 'DELETE'
  readonly format: FormatName
  readonly signature?: SignatureConfig
}

/** The HTTP output of Falco, as falcosidekick takes it. */
export interface FalcoConfig extends HttpOutputConfig {
  readonly type: 'falco'
}

/** An incoming webhook of Slack. */
export interface SlackConfig extends HttpOutputConfig {
  readonly type: 'slack'
  /** Fields shown below the message at most, 0 to 10. */
  readonly maxFields: number
}

/** A workflow of Microsoft Teams that starts with a webhook. */
export interface TeamsConfig extends HttpOutputConfig {
  readonly type: 'teams'
}

/** Alertmanager, API version 2. */
export interface AlertmanagerConfig extends HttpOutputConfig {
  readonly type: 'alertmanager'
  /** Added to every alert. */
  readonly labels: Readonly<Record<string, string>>
  /** Fields whose values become labels, so that alerts which differ in them stay apart. */
  readonly labelFields: readonly string[]
  /** An alert that is not repeated counts as resolved after this time. */
  readonly expireMs: number
}

/** PagerDuty Events version 2. */
export interface PagerdutyConfig extends HttpOutputConfig {
  readonly type: 'pagerduty'
  /** Integration key. A secret. */
  readonly routingKey: string
}

/** Bulk requests of Elasticsearch and OpenSearch. */
export interface ElasticsearchConfig extends HttpOutputConfig {
  readonly type: 'elasticsearch'
  /** Data stream or index. */
  readonly index: string
  readonly apiKey?: string
  readonly format: 'ecs' | 'ocsf' | 'detector'
  readonly maxBytes: number
}

/** The push API of Loki. */
export interface LokiConfig extends HttpOutputConfig {
  readonly type: 'loki'
  /** Added to the labels of every stream. */
  readonly labels: Readonly<Record<string, string>>
  readonly tenant?: string
  readonly format: FormatName
  readonly maxBytes: number
}

/** Splunk's HTTP event collector. */
export interface SplunkConfig extends HttpOutputConfig {
  readonly type: 'splunk'
  /** A secret. */
  readonly token: string
  readonly index?: string
  readonly sourcetype: string
  readonly format: FormatName
  readonly maxBytes: number
}

/** OpenTelemetry logs over HTTP in JSON. */
export interface OtlpConfig extends HttpOutputConfig {
  readonly type: 'otlp'
  readonly maxBytes: number
}

/** A stream in Redis. */
export interface RedisConfig {
  readonly type: 'redis'
  readonly name: string
  /** `redis:` or `rediss:`; may hold user and password. */
  readonly url: string
  readonly stream: string
  /** About this many entries are kept; 0: all. */
  readonly maxEntries: number
  readonly format: FormatName
  readonly timeoutMs: number
  readonly tls?: TlsFiles
}

/** Syslog messages of RFC 5424. */
export interface SyslogConfig {
  readonly type: 'syslog'
  readonly name: string
  readonly transport: 'unix' | 'udp' | 'tcp' | 'tls'
  /** Host name or address; of `unix` the path of a stream socket. */
  readonly address: string
  readonly port: number
  readonly facility: number
  /** A longer message is cut. */
  readonly maxBytes: number
  readonly format: FormatName
  readonly timeoutMs: number
  readonly tls?: TlsFiles
}

/** Standard output. */
export interface StdoutConfig {
  readonly type: 'stdout'
  readonly name: string
  /** Default: the form of the whole run. */
  readonly format?: FormatName
}

/** Lines appended to a file. */
export interface FileConfig {
  readonly type: 'file'
  readonly name: string
  readonly filename: string
  readonly keepOpen: boolean
  readonly format?: FormatName
  /** A file of at least this size is put aside; 0: never. */
  readonly rotateBytes: number
  /** Files put aside that are kept. */
  readonly rotateKeep: number
}

/** Lines written to the standard input of a command. */
export interface ProgramConfig {
  readonly type: 'program'
  readonly name: string
  /** Program and arguments; no shell is involved. */
  readonly command: readonly string[]
  /** One process for all alerts; otherwise one for each delivery, which has to end with 0. */
  readonly keepOpen: boolean
  readonly format?: FormatName
  readonly timeoutMs: number
}

/** One entry of `outputs`, with every default filled in. */
export type OutputConfig =
  | StdoutConfig
  | FileConfig
  | ProgramConfig
  | SyslogConfig
  | WebhookConfig
  | FalcoConfig
  | SlackConfig
  | TeamsConfig
  | AlertmanagerConfig
  | PagerdutyConfig
  | ElasticsearchConfig
  | LokiConfig
  | SplunkConfig
  | OtlpConfig
  | RedisConfig

/** Kinds of outputs. */
export type OutputType = OutputConfig['type']
