import {PRIORITIES} from '../schema/priority.ts'
import type {OptionSpec} from './command.ts'
import {COLOR_CHOICES} from './render.ts'
import {HOOK_CHOICES} from './run-args.ts'

/** Options that every command takes. */
export const COMMON: readonly OptionSpec[] = [
  {name: 'json', doc: 'print JSON'},
  {name: 'quiet', short: 'q', doc: 'no messages but errors'},
  {name: 'verbose', short: 'v', doc: 'more messages'},
  {name: 'color', value: 'WHEN', choices: COLOR_CHOICES, doc: 'colour the results'},
  {name: 'help', short: 'h', doc: 'show this help'},
]

export const RULES: OptionSpec = {
  name: 'rules',
  short: 'r',
  value: 'PATH',
  repeats: true,
  doc: 'rule file, or folder of .yaml and .yml files; the order counts',
}

export const CONFIG: readonly OptionSpec[] = [
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

export const HOOKS: OptionSpec = {
  name: 'hooks',
  value: 'KIND',
  choices: HOOK_CHOICES,
  doc: 'how to attach to the kernel',
}

/** Options of every command that runs rules. */
export const RULE_OPTIONS: readonly OptionSpec[] = [
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

export const RUN_OPTIONS: readonly OptionSpec[] = [
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
