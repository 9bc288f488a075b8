import type {Command, OptionSpec} from '../../command.ts'

/** Options that other commands have too. */
export interface SharedOptions {
  readonly rules: OptionSpec
  readonly config: readonly OptionSpec[]
  readonly hooks: OptionSpec
  readonly common: readonly OptionSpec[]
}

/** `detector explain`: what it takes. */
export function explainCommand({rules, config, hooks, common}: SharedOptions): Command {
  return {
    name: 'explain',
    summary: 'Say what rules become in the kernel, or why an event did or did not match',
    usage: 'explain [RULE...] --rules PATH... [--live | --event FILE] [OPTIONS]',
    details: [
      'RULE is a name, or a glob (* for any text). For each rule and kind of record: where it is captured,',
      'what is captured, what the kernel decides and what is left to user space, and why. Without RULE a',
      'table of all rules. --live measures on this host. --event says for each event of FILE (field events',
      'as for eval, or a capture) what every part of a condition made of it.',
    ],
    positionals: {name: 'RULE', min: 0, max: Number.POSITIVE_INFINITY},
    options: [
      rules,
      ...config,
      {name: 'disasm', doc: 'print the programs that the kinds of the rules become, too'},
      {name: 'live', doc: 'run the detector and measure what passes and what it costs'},
      {
        name: 'duration',
        short: 'M',
        value: 'SECONDS',
        check: 'seconds',
        doc: 'how long --live measures; 5 by default',
      },
      hooks,
      {name: 'event', value: 'FILE', doc: 'explain the events of a file; - is standard input'},
      {name: 'filter', value: 'EXPR', doc: 'of FILE only events for which this condition holds'},
      {name: 'num', value: 'N', doc: 'of FILE only the event with this evt.num'},
      {name: 'skip-invalid-rules', doc: 'leave invalid rules out instead of ending'},
      ...common,
    ],
    async run(parsed, io) {
      const {runExplain} = await import('./explain.ts')
      return runExplain(parsed, io)
    },
  }
}
