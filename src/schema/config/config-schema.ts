import {PRIORITIES} from '../priority.ts'
import {MAX_PROBES} from '../probe.ts'
import {flag, object, type SchemaNode, sequence, text, withDoc} from '../schema-node.ts'
import {OUTPUT_LIST_SCHEMA} from './output-schema.ts'
import {QUEUE_SCHEMA} from './queue-schema.ts'

export type {SchemaNode} from '../schema-node.ts'

const sockets: SchemaNode = {type: 'array', items: text, maxItems: 16}

const ruleChoice = object({rule: {type: 'string', maxLength: 4096}, tag: text})

const ringSize: SchemaNode = {enum: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]}
const dropOptions = object({
  actions: sequence({enum: ['ignore', 'log', 'alert']}),
  threshold: {type: 'number', minimum: 0, maximum: 1},
  rate: {type: 'number', minimum: 0, maximum: 1000},
  max_burst: {type: 'integer', minimum: 1, maximum: 1000},
})

/** The schema of the configuration file. Descriptions become documentation; Falco's names stand beside ours. */
export const CONFIG_SCHEMA: SchemaNode = object({
  rules: withDoc(
    'Rule files and folders in order; entries of the form {enable: {rule, tag}} or {disable: …} switch rules.',
    sequence({
      anyOf: [
        text,
        {
          ...object({enable: ruleChoice, disable: ruleChoice}),
          minProperties: 1,
          maxProperties: 1,
        },
      ],
    }),
  ),
  rules_files: withDoc('Another name for the paths of rules.', sequence(text)),
  rules_file: withDoc('Another name for the paths of rules.', sequence(text)),
  priority: withDoc('Run only rules at least this severe.', {
    enum: [...PRIORITIES.flatMap(name => [name, name.toLowerCase()]), 'info', 'INFO'],
  }),
  rule_matching: withDoc('One alert for an event, or one for each rule that matches.', {
    enum: ['first', 'all'],
  }),
  json_output: withDoc('Alerts as JSON lines.', flag),
  time_format_iso_8601: withDoc('Times as ISO 8601 in UTC.', flag),
  json_include_output_property: flag,
  json_include_output_fields_property: flag,
  json_include_tags_property: flag,
  json_include_message_property: flag,
  append_output: withDoc(
    'Additions to the outputs of rules.',
    sequence(
      object({
        match: object({source: text, rule: text, tags: sequence(text)}),
        extra_output: text,
        extra_fields: sequence({
          anyOf: [
            text,
            {
              type: 'object',
              minProperties: 1,
              maxProperties: 1,
              additionalProperties: text,
            },
          ],
        }),
        suggested_output: flag,
      }),
    ),
  ),
  ring: withDoc(
    'Sizes of the kernel buffers for events in MiB, powers of two: for process life and state, and for the rest.',
    object({state_mib: ringSize, bulk_mib: ringSize}),
  ),
  entry_copies: withDoc(
    'Copy paths and addresses when calls begin too, out of the reach of other threads; costs a second hook at every call.',
    flag,
  ),
  kernel_filter: withDoc(
    'Leave events in the kernel that no rule can match; never while recording. Default: true.',
    flag,
  ),
  drops: withDoc(
    'When lost events are reported before the end: what to do, the share of a second (0 to 1), reports a second, burst.',
    dropOptions,
  ),
  syscall_event_drops: withDoc('Another name for drops.', dropOptions),
  containers: withDoc(
    'How container runtimes are asked what a container is.',
    object({
      enabled: withDoc('Ask runtimes; container.id is known without.', flag),
      wait_ms: withDoc(
        'Longest time that events of a new container wait for the answer; 0: they never wait.',
        {type: 'integer', minimum: 0, maximum: 10_000},
      ),
      timeout_ms: withDoc('Longest time that one lookup takes.', {
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
      }),
      label_max_len: withDoc('Longer labels are left out, except those that name the pod.', {
        type: 'integer',
        minimum: 0,
        maximum: 4096,
      }),
      host_root: withDoc("Where the host's root is seen from here; put before every path.", {
        type: 'string',
        maxLength: 4096,
      }),
      sockets: withDoc(
        'Unix sockets of runtimes; those that do not exist are passed over.',
        object({docker: sockets, podman: sockets, cri: sockets}),
      ),
    }),
  ),
  probes: withDoc(
    'BPF objects of your own: each record in the ring buffer of one is an event probe.NAME with fields probe.NAME.MEMBER.',
    {
      ...sequence(
        object(
          {
            name: withDoc('Lower-case letters, digits and _; begins with a letter.', {
              type: 'string',
              pattern: '^[a-z][a-z0-9_]{0,31}$',
            }),
            object: withDoc('Path of an object file made by clang -O2 -g -target bpf.', text),
            map: withDoc('The ring buffer; needed when there are several.', text),
            struct: withDoc('The struct in its records; default: the value type of the map.', text),
            optional: withDoc(
              'Go on without it when a program of it is refused. Default: false.',
              flag,
            ),
          },
          ['name', 'object'],
        ),
      ),
      maxItems: MAX_PROBES,
    },
  ),
  control: withDoc(
    'The unix socket that `detector status` asks; the path defaults to /run/detector/control.sock for root.',
    object({enabled: flag, socket: text}),
  ),
  queue: withDoc(
    'Where alerts wait until every output has taken them, and how they are handed over.',
    QUEUE_SCHEMA,
  ),
  metrics: withDoc(
    'Metrics for Prometheus at /metrics, health at /healthz and /readyz; listen is ADDRESS:PORT or the path of a socket.',
    object({enabled: flag, listen: text}),
  ),
  webserver: withDoc(
    'Another name for metrics; the pages of metrics only with prometheus_metrics_enabled.',
    object({
      enabled: flag,
      listen_address: text,
      listen_port: {type: 'integer', minimum: 0, maximum: 65_535},
      k8s_healthz_endpoint: text,
      prometheus_metrics_enabled: flag,
      threadiness: {type: 'integer', minimum: 0, maximum: 1024},
    }),
  ),
  outputs: withDoc(
    'Where alerts go: a list of outputs, each with its type; or the mapping of the first versions.',
    {
      anyOf: [
        object({
          stdout: object({enabled: flag}),
          file: object({enabled: flag, filename: text, keep_open: flag}),
          webhook: object({
            enabled: flag,
            url: text,
            headers: {type: 'object', additionalProperties: {type: 'string', maxLength: 8192}},
            timeout_ms: {type: 'integer', minimum: 1, maximum: 600_000},
          }),
        }),
        OUTPUT_LIST_SCHEMA,
      ],
    },
  ),
  stdout_output: object({enabled: flag}),
  file_output: object({enabled: flag, keep_alive: flag, filename: text}),
  http_output: object({enabled: flag, url: text, user_agent: text}),
})

/** Names that mean the same key; only one of each group may be given. Dotted from the root. */
export const CONFIG_SYNONYMS: readonly (readonly string[])[] = [
  ['rules_files', 'rules_file'],
  ['drops', 'syscall_event_drops'],
  ['metrics', 'webserver'],
  ['outputs.stdout', 'stdout_output'],
  ['outputs.file', 'file_output'],
  ['outputs.webhook', 'http_output'],
]
