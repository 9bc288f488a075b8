import {CodedError} from '../diagnostics/error.ts'
import {PRIORITIES} from '../schema/priority.ts'
import {
  type Command,
  hasOption,
  lastValueOf,
  type OptionSpec,
  type ParsedCommand,
  valuesOf,
} from './command.ts'
import type {CliIo} from './io.ts'
import {COLOR_CHOICES} from './render.ts'
import {HOOK_CHOICES} from './run-args.ts'
import {colorOf, toRunArgs} from './run-options.ts'

/** What `bpf` can do. */
const BPF_ACTIONS = ['disasm', 'verify', 'maps', 'run', 'show'] as const
/** What `list` can list. */
const LISTINGS = ['rules', 'macros', 'lists', 'fields', 'events', 'tracepoints', 'helpers'] as const

/** Options that every command takes. */
const COMMON: readonly OptionSpec[] = [
  {name: 'json', doc: 'print JSON'},
  {name: 'quiet', short: 'q', doc: 'no messages but errors'},
  {name: 'verbose', short: 'v', doc: 'more messages'},
  {name: 'color', value: 'WHEN', choices: COLOR_CHOICES, doc: 'colour the results'},
  {name: 'help', short: 'h', doc: 'show this help'},
]

const RULES: OptionSpec = {
  name: 'rules',
  short: 'r',
  value: 'PATH',
  repeats: true,
  doc: 'rule file, or folder of .yaml and .yml files; the order counts',
}

const CONFIG: readonly OptionSpec[] = [
  {
    name: 'config',
    short: 'c',
    value: 'FILE',
    doc: 'configuration file; default /etc/detector/detector.yaml if it exists',
  },
  {
    name: 'option',
    short: 'o',
    value: 'KEY=VALUE',
    check: 'pair',
    repeats: true,
    doc: 'set a key of the configuration (dotted), outranking the file',
  },
]

const HOOKS: OptionSpec = {
  name: 'hooks',
  value: 'KIND',
  choices: HOOK_CHOICES,
  doc: 'how to attach to the kernel',
}

/** Options of every command that runs rules. */
const RULE_OPTIONS: readonly OptionSpec[] = [
  RULES,
  ...CONFIG,
  {
    name: 'priority',
    value: 'LEVEL',
    check: 'priority',
    doc: `run only rules at least this severe: ${PRIORITIES.join(', ').toLowerCase()}`,
  },
  {name: 'tag', short: 't', value: 'TAG', repeats: true, doc: 'run only rules with this tag'},
  {
    name: 'exclude-tag',
    short: 'T',
    value: 'TAG',
    repeats: true,
    doc: 'do not run rules with this tag',
  },
  {
    name: 'disable-rule',
    value: 'GLOB',
    repeats: true,
    doc: 'switch off rules whose name fits; applied in order with --enable-rule',
  },
  {name: 'enable-rule', value: 'GLOB', repeats: true, doc: 'switch on rules whose name fits'},
  {
    name: '',
    short: 'D',
    value: 'TEXT',
    repeats: true,
    doc: 'switch off rules whose name contains the text',
  },
  {
    name: 'match',
    value: 'MODE',
    choices: ['first', 'all'],
    doc: 'one alert for an event, or one for each rule that matches it',
  },
  {
    name: 'duration',
    short: 'M',
    value: 'SECONDS',
    check: 'seconds',
    doc: 'end after this time',
  },
  {
    name: 'print-format',
    short: 'p',
    value: 'FORMAT',
    doc: 'append to the output of every rule (c, k8s: container or pod)',
  },
  {name: 'summary', value: 'FILE', doc: 'write a JSON summary at the end'},
  {name: 'iso-time', doc: 'print times as ISO 8601 in UTC'},
  {name: 'skip-invalid-rules', doc: 'leave invalid rules out instead of ending'},
]

const RUN_OPTIONS: readonly OptionSpec[] = [
  ...RULE_OPTIONS,
  HOOKS,
  {
    name: 'record',
    value: 'FILE',
    doc: 'write every captured event to a capture too: .scap or .jsonl, with .gz packed',
  },
  {
    name: 'validate',
    short: 'V',
    value: 'PATH',
    repeats: true,
    doc: 'check rule files and end (see validate)',
  },
  {name: '', short: 'L', doc: 'list the rules with their descriptions and end (see list)'},
  {name: '', short: 'l', value: 'RULE', doc: 'show one rule with its description and end'},
  {name: 'list', doc: 'list the fields and end (see list)'},
  {name: '', short: 'N', doc: 'list the names of the fields and end'},
  {name: '', short: 'A', doc: 'accepted for Falco: every event that rules need is always watched'},
]

/** Every command that exists. The first is the default. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'run',
    summary: 'Detect on this host until interrupted',
    usage: '[run] --rules PATH... [OPTIONS]',
    details: [
      'Alerts go to standard output unless the configuration says otherwise; everything else goes to',
      'standard error. Changed rule files take effect by themselves. SIGINT and SIGTERM end, SIGHUP looks',
      'at the rules again, SIGUSR1 opens files again.',
    ],
    positionals: {name: '', min: 0, max: 0},
    options: [...RUN_OPTIONS, ...COMMON],
    run: runOrFalco,
  },
  {
    name: 'validate',
    summary: 'Check rule files without loading anything into the kernel',
    usage: 'validate PATH... [OPTIONS]',
    details: ['Ends with 0 when every file is valid, else with 1. - reads standard input.'],
    positionals: {name: 'PATH', min: 1, max: Number.POSITIVE_INFINITY},
    options: COMMON,
    run: (parsed, io) => validate(parsed, parsed.positionals, io),
  },
  {
    name: 'replay',
    summary: 'Run the rules over a capture file',
    usage: 'replay CAPTURE --rules PATH... [OPTIONS]',
    details: [
      'CAPTURE is a .scap file, plain or gzip; - reads standard input. Prints the alerts in the order of',
      'the events. Times and durations are those of the capture. A damaged capture gives what could be',
      'read and ends with 1.',
    ],
    positionals: {name: 'CAPTURE', min: 1, max: 1},
    options: [...RULE_OPTIONS, ...COMMON],
    async run(parsed, io) {
      const {runReplay} = await import('./commands/replay.ts')
      return runReplay(parsed.positionals[0]!, toRunArgs(parsed, io), io)
    },
  },
  {
    name: 'record',
    summary: 'Write live events to a capture file until interrupted',
    usage: 'record OUT [--filter EXPR] [OPTIONS]',
    details: [
      'The name of OUT says the form: .scap (read by other tools too) or .jsonl (holds everything), either',
      'with .gz. Without --filter every event is written; with it those that match, and the life of',
      'processes.',
    ],
    positionals: {name: 'OUT', min: 1, max: 1},
    options: [
      {name: 'filter', value: 'EXPR', doc: 'a condition as in rules, without macros'},
      {
        name: 'duration',
        short: 'M',
        value: 'SECONDS',
        check: 'seconds',
        doc: 'end after this time',
      },
      HOOKS,
      ...CONFIG,
      ...COMMON,
    ],
    async run(parsed, io) {
      const {runRecord} = await import('./commands/record.ts')
      return runRecord(
        parsed.positionals[0]!,
        lastValueOf(parsed, 'filter'),
        toRunArgs(parsed, io),
        io,
      )
    },
  },
  {
    name: 'eval',
    summary: 'Evaluate one condition on field events, one JSON object a line',
    usage: 'eval --filter EXPR --events FILE [OPTIONS]',
    details: [
      'Prints {"match":true} or {"match":false} for each line. Keys of an event are field expressions:',
      '  {"evt.type":"openat","proc.name":"cat","fd.name":"/etc/shadow","evt.is_open_read":true}',
    ],
    positionals: {name: '', min: 0, max: 0},
    options: [
      {name: 'filter', value: 'EXPR', doc: 'the condition'},
      {name: 'events', value: 'FILE', doc: 'field events; - is standard input (the default)'},
      {
        name: 'macros',
        value: 'FILE',
        doc: 'rule file whose macros and lists the condition may use',
      },
      ...COMMON,
    ],
    async run(parsed, io) {
      const filter = lastValueOf(parsed, 'filter')
      if (filter === undefined) throw usageError('eval needs --filter EXPR')
      const {runEval} = await import('./commands/eval.ts')
      const events = lastValueOf(parsed, 'events') ?? '-'
      return runEval({filter, events, macros: lastValueOf(parsed, 'macros')}, io)
    },
  },
  {
    name: 'list',
    summary: 'List rules, macros, lists, fields, events, tracepoints or helpers',
    usage: `list ${LISTINGS.join('|')} [GLOB] [OPTIONS]`,
    details: [
      'Rules, macros and lists come from --rules, else from the configuration. Fields and events marked',
      'with a star are known to conditions but not served by live detection. Tracepoints are those of this',
      'kernel, with the place of each argument; GLOB chooses among them (sched_*, syscalls/*open*).',
    ],
    positionals: {name: LISTINGS.join('|'), choices: LISTINGS, min: 1, max: 2},
    options: [RULES, ...CONFIG, ...COMMON],
    async run(parsed, io) {
      return list(parsed, parsed.positionals[0]!, io)
    },
  },
  {
    name: 'schema',
    summary: 'Print the JSON Schema of rule or configuration files, for editors',
    usage: 'schema rules|config',
    details: ['For example: detector schema rules > rules.schema.json'],
    positionals: {name: 'rules|config', choices: ['rules', 'config'], min: 1, max: 1},
    options: COMMON,
    async run(parsed, io) {
      const {runSchema} = await import('./commands/schema.ts')
      return runSchema({topic: parsed.positionals[0] === 'config' ? 'config' : 'rules'}, io)
    },
  },
  {
    name: 'bpf',
    summary: 'Look into, judge and run BPF programs',
    usage: 'bpf disasm|verify|maps|run|show [FILE.o|ID] [--rules PATH...] [OPTIONS]',
    details: [
      'FILE.o is what clang -O2 -g -target bpf -c makes. disasm prints programs, those of the object or',
      'those that the rules become; verify says whether they would be accepted and why not; maps prints the',
      'maps of an object, or what a loaded map holds; run attaches the programs and prints what they print',
      'until interrupted; show lists the detector programs and maps in the kernel.',
    ],
    positionals: {name: BPF_ACTIONS.join('|'), choices: BPF_ACTIONS, min: 1, max: 2},
    options: [
      RULES,
      {name: 'kernel', doc: 'verify: ask the kernel too'},
      {
        name: 'duration',
        short: 'M',
        value: 'SECONDS',
        check: 'seconds',
        doc: 'run: end after this time',
      },
      ...COMMON,
    ],
    async run(parsed, io) {
      const {runBpfLine} = await import('./bpf-line.ts')
      return runBpfLine(parsed, io)
    },
  },
  {
    name: 'version',
    summary: 'Show the version of detector and of what it runs on',
    usage: 'version [OPTIONS]',
    details: [],
    positionals: {name: '', min: 0, max: 0},
    options: COMMON,
    async run(parsed, io) {
      const {runVersion} = await import('./commands/version.ts')
      return runVersion({json: hasOption(parsed, 'json')}, io)
    },
  },
  {
    name: 'help',
    summary: 'Show the commands, or the options of one',
    usage: 'help [COMMAND]',
    details: [],
    positionals: {name: 'COMMAND', min: 0, max: 1},
    options: COMMON,
    async run(parsed, io) {
      const {runHelp} = await import('./commands/help.ts')
      return runHelp({topic: parsed.positionals[0]}, COMMANDS, io)
    },
  },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    usage: 'completion bash|zsh|fish',
    details: ['For example: source <(detector completion bash)'],
    positionals: {name: 'bash|zsh|fish', choices: ['bash', 'zsh', 'fish'], min: 1, max: 1},
    options: COMMON,
    async run(parsed, io) {
      const {runCompletion} = await import('./commands/completion.ts')
      return runCompletion({shell: parsed.positionals[0]!}, COMMANDS, io)
    },
  },
]

/** `run`, unless one of Falco's letters asks for something else. */
async function runOrFalco(parsed: ParsedCommand, io: CliIo): Promise<number> {
  const toValidate = valuesOf(parsed, 'validate')
  if (toValidate.length > 0) return validate(parsed, toValidate, io)
  if (hasOption(parsed, 'list') || hasOption(parsed, 'N')) return list(parsed, 'fields', io)
  if (hasOption(parsed, 'L') || hasOption(parsed, 'l')) return list(parsed, 'rules', io)
  const {runDetector} = await import('./commands/run.ts')
  return runDetector(toRunArgs(parsed, io), io)
}

async function validate(
  parsed: ParsedCommand,
  paths: readonly string[],
  io: CliIo,
): Promise<number> {
  const {runValidate} = await import('./commands/validate.ts')
  return runValidate(
    {
      paths: [...paths],
      json: hasOption(parsed, 'json'),
      verbose: hasOption(parsed, 'verbose'),
      color: colorOf(parsed, io),
    },
    io,
  )
}

async function list(parsed: ParsedCommand, kind: string, io: CliIo): Promise<number> {
  const glob = parsed.command.name === 'list' ? parsed.positionals[1] : undefined
  if (glob !== undefined && kind !== 'tracepoints') throw usageError(`list ${kind} takes no GLOB`)
  const {runList} = await import('./commands/list.ts')
  return runList(
    {
      kind,
      glob,
      rules: valuesOf(parsed, 'rules'),
      config: lastValueOf(parsed, 'config'),
      overrides: valuesOf(parsed, 'option'),
      name: lastValueOf(parsed, 'l'),
      namesOnly: hasOption(parsed, 'N'),
      json: hasOption(parsed, 'json'),
      color: colorOf(parsed, io),
    },
    io,
  )
}

function usageError(message: string): CodedError {
  return new CodedError('CLI_USAGE', message)
}
