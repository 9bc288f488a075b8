import {CodedError} from '../diagnostics/error.ts'
import {type Command, hasOption, lastValueOf, type ParsedCommand, valuesOf} from './command.ts'
import {COMMON, CONFIG, HOOKS, RULE_OPTIONS, RULES, RUN_OPTIONS} from './command-options.ts'
import {configCommand} from './commands/config/config-command.ts'
import {explainCommand} from './commands/explain/explain-command.ts'
import {queueCommand} from './commands/queue/queue-command.ts'
import type {CliIo} from './io.ts'
import {colorOf, toRunArgs} from './run-options.ts'

/** What `bpf` can do. */
const BPF_ACTIONS = ['disasm', 'verify', 'maps', 'run', 'show'] as const
/** What `list` can list. */
const LISTINGS = ['rules', 'macros', 'lists', 'fields', 'events', 'tracepoints', 'helpers'] as const

/** What `schema` has schemas of. */
const SCHEMA_TOPICS = ['rules', 'config', 'alert'] as const

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
    options: [...CONFIG, ...COMMON],
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
  explainCommand({rules: RULES, config: CONFIG, hooks: HOOKS, common: COMMON}),
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
    summary: 'Print the JSON Schema of rule files, configuration files or alerts',
    usage: 'schema rules|config|alert',
    details: ['For example: detector schema rules > rules.schema.json'],
    positionals: {name: SCHEMA_TOPICS.join('|'), choices: SCHEMA_TOPICS, min: 1, max: 1},
    options: COMMON,
    async run(parsed, io) {
      const {runSchema} = await import('./commands/schema.ts')
      const topic = SCHEMA_TOPICS.find(name => name === parsed.positionals[0]) ?? 'rules'
      return runSchema({topic}, io)
    },
  },
  {
    name: 'status',
    summary: 'Show what a running detector saw and missed',
    usage: 'status [--socket PATH] [OPTIONS]',
    details: [
      'Asks the detector over its control socket. Ends with 0 when it watches and has lost nothing, with 1',
      'when events or alerts were lost, or it does not watch right now; with 3 when none answers.',
    ],
    positionals: {name: '', min: 0, max: 0},
    options: [
      {
        name: 'socket',
        value: 'PATH',
        doc: 'its control socket; default: control.socket of the configuration',
      },
      ...CONFIG,
      ...COMMON,
    ],
    async run(parsed, io) {
      const {runStatus} = await import('./commands/status/status.ts')
      return runStatus(
        {
          socket: lastValueOf(parsed, 'socket'),
          config: lastValueOf(parsed, 'config'),
          overrides: valuesOf(parsed, 'option'),
          json: hasOption(parsed, 'json'),
          color: colorOf(parsed, io),
        },
        io,
      )
    },
  },
  queueCommand({config: CONFIG, common: COMMON}),
  configCommand({config: CONFIG, common: COMMON}),
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
      {name: 'raw', doc: 'verify: FILE holds programs in JSON'},
      {name: 'strict', doc: 'verify: refuse what only some kernels accept'},
      {
        name: 'log',
        value: 'STYLE',
        choices: ['kernel'],
        doc: 'verify: print every instruction walked',
      },
      {name: 'force', doc: 'run: load what our verifier refuses'},
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
      config: lastValueOf(parsed, 'config'),
      overrides: valuesOf(parsed, 'option'),
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
