import {flag, object, type SchemaNode, sequence, text, withDoc} from '../schema-node.ts'
import {FORMAT_NAMES, type OutputType} from './output-config.ts'

const name = withDoc('Name of the output in messages and counts. Default: its type.', {
  type: 'string',
  minLength: 1,
  maxLength: 64,
})
const format = withDoc('How alerts are written.', {enum: FORMAT_NAMES})
const wait = withDoc('Longest wait for an answer, in milliseconds.', {
  type: 'integer',
  minimum: 1,
  maximum: 600_000,
})
const maxBytes = withDoc('Bytes of one request.', {
  type: 'integer',
  minimum: 1024,
  maximum: 64 * 1024 * 1024,
})
const texts: SchemaNode = {
  type: 'object',
  additionalProperties: {type: 'string', maxLength: 8192},
}
const labels: SchemaNode = {
  type: 'object',
  propertyNames: {pattern: '^[A-Za-z_][A-Za-z0-9_]*$'},
  additionalProperties: {type: 'string', minLength: 1, maxLength: 1024},
}
const tls = withDoc(
  'Files in PEM: ca_file to trust instead of the system, cert_file and key_file to show who we are.',
  object({ca_file: text, cert_file: text, key_file: text, server_name: text}),
)
/** Keys of every output that speaks HTTP. */
const http = {
  name,
  url: withDoc(
    'Address of the receiver; may come from the environment, or as file:/PATH from a file.',
    text,
  ),
  headers: withDoc('Added to every request.', texts),
  timeout_ms: wait,
  tls,
}

function httpOutput(extra: Readonly<Record<string, SchemaNode>> = {}, required: string[] = []) {
  return object({type: text, ...http, ...extra}, ['url', ...required])
}

/** What each kind of output may say. */
export const OUTPUT_SCHEMAS: Readonly<Record<OutputType, SchemaNode>> = {
  stdout: object({type: text, name, format}),
  file: object(
    {
      type: text,
      name,
      format,
      filename: text,
      keep_open: flag,
      rotate_bytes: withDoc('Put a file of this size aside; 0: never.', {
        type: 'integer',
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
      }),
      rotate_keep: {type: 'integer', minimum: 1, maximum: 1000},
    },
    ['filename'],
  ),
  program: object(
    {
      type: text,
      name,
      format,
      command: withDoc('Program and arguments; no shell is involved.', {
        ...sequence(text),
        minItems: 1,
        maxItems: 256,
      }),
      keep_open: withDoc('One process for all alerts, or one for each delivery.', flag),
      timeout_ms: wait,
    },
    ['command'],
  ),
  syslog: object(
    {
      type: text,
      name,
      format,
      transport: {enum: ['unix', 'udp', 'tcp', 'tls']},
      address: withDoc('Host, or the path of a unix stream socket.', text),
      port: {type: 'integer', minimum: 1, maximum: 65_535},
      facility: withDoc('Number of the facility, 0 to 23. Default: 13, log audit.', {
        type: 'integer',
        minimum: 0,
        maximum: 23,
      }),
      max_bytes: {type: 'integer', minimum: 480, maximum: 1024 * 1024},
      timeout_ms: wait,
      tls,
    },
    ['transport', 'address'],
  ),
  webhook: httpOutput({
    format,
    method: {enum: ['POST', 'PUT', 'PATCH', 'GET', 'DELETE']},
    signature: object({secret: text, style: {enum: ['standard', 'github']}}, ['secret']),
  }),
  falco: httpOutput(),
  slack: httpOutput({max_fields: {type: 'integer', minimum: 0, maximum: 10}}),
  teams: httpOutput(),
  alertmanager: httpOutput({
    labels,
    label_fields: withDoc('Fields whose values become labels.', {...sequence(text), maxItems: 16}),
    expire_ms: withDoc('An alert that is not repeated is resolved after this time.', {
      type: 'integer',
      minimum: 1000,
      maximum: 30 * 24 * 3_600_000,
    }),
  }),
  pagerduty: object({type: text, ...http, routing_key: text}, ['routing_key']),
  elasticsearch: httpOutput({
    index: text,
    api_key: text,
    format: {enum: ['ecs', 'ocsf', 'detector']},
    max_bytes: maxBytes,
  }),
  loki: httpOutput({labels, tenant: text, format, max_bytes: maxBytes}),
  splunk: httpOutput({token: text, index: text, sourcetype: text, format, max_bytes: maxBytes}, [
    'token',
  ]),
  otlp: httpOutput({max_bytes: maxBytes}),
  redis: object(
    {
      type: text,
      name,
      url: withDoc('redis: or rediss:, with user and password where needed.', text),
      stream: text,
      max_entries: {type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER},
      format,
      timeout_ms: wait,
      tls,
    },
    ['url'],
  ),
}

/** The list form of `outputs`: each entry has a type, and the keys of that type. */
export const OUTPUT_LIST_SCHEMA: SchemaNode = {
  type: 'array',
  maxItems: 100,
  items: {
    type: 'object',
    required: ['type'],
    properties: {type: {enum: Object.keys(OUTPUT_SCHEMAS)}},
    allOf: Object.entries(OUTPUT_SCHEMAS).map(([type, schema]) => ({
      if: {properties: {type: {const: type}}, required: ['type']},
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: schema,
    })),
  },
}

/** Keys of outputs whose values are never shown. Everything below `headers` is one too. */
export const SECRET_KEYS: ReadonlySet<string> = new Set([
  'url',
  'routing_key',
  'api_key',
  'token',
  'secret',
])
