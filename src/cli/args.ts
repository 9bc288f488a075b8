import {parseArgs} from 'node:util'
import {didYouMean} from '../diagnostics/did-you-mean.ts'
import {CodedError} from '../diagnostics/error.ts'
import {PRIORITIES, parsePriority} from '../schema/priority.ts'
import {type Command, type OptionSpec, optionKey, type ParsedCommand} from './command.ts'

/** What the words of a command line ask for. */
export type CommandLine =
  | {readonly kind: 'run'; readonly parsed: ParsedCommand}
  /** `topic`: the command whose help is wanted, if one was named. */
  | {readonly kind: 'help'; readonly topic: string | undefined}

/**
 * Understands a command line. Without a command, or with an option first, it is the first command of the table.
 *
 * @param argv the words after the program's name
 * @throws CodedError `CLI_USAGE` for unknown commands and options, missing or wrong values, wrong numbers of words
 */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
): CommandLine {
  const first = argv[0]
  if (first === '--version') return parseCommandLine(['version', ...argv.slice(1)], commands)
  const named = first !== undefined && !first.startsWith('-')
  const command = named ? findCommand(first, commands) : commands[0]!
  const words = named ? argv.slice(1) : [...argv]
  const parsed = parseWords(command, words)
  if (parsed.options.some(option => option.name === 'help')) {
    return {kind: 'help', topic: named ? command.name : undefined}
  }
  checkPositionals(parsed)
  return {kind: 'run', parsed}
}

/**
 * The command with this name.
 *
 * @throws CodedError `CLI_USAGE` with the nearest name as a hint
 */
export function findCommand(name: string, commands: readonly Command[]): Command {
  const command = commands.find(candidate => candidate.name === name)
  if (command !== undefined) return command
  const near = didYouMean(
    name,
    commands.map(candidate => candidate.name),
  )
  throw usage(`unknown command ${quoted(name)}`, near, 'run `detector help` for the list')
}

function parseWords(command: Command, words: string[]): ParsedCommand {
  const byKey = new Map(command.options.map(option => [optionKey(option), option]))
  const byShort = new Map(command.options.map(option => [option.short, option]))
  // parseArgs knows an option without a long name by its letter.
  const config = command.options.map(option => {
    const type: 'string' | 'boolean' = option.value === undefined ? 'boolean' : 'string'
    const short = option.name === '' || option.short === undefined ? {} : {short: option.short}
    return [optionKey(option), {type, multiple: true, ...short}] as const
  })
  const {tokens} = parseArgs({
    args: words,
    options: Object.fromEntries(config),
    allowPositionals: true,
    // Our own checks give better messages, with suggestions.
    strict: false,
    tokens: true,
  })
  const options: {name: string; value: string}[] = []
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const isLong = token.rawName.startsWith('--')
    const spec = isLong ? byKey.get(token.name) : (byShort.get(token.name) ?? byKey.get(token.name))
    if (spec === undefined || (isLong && spec.name === '')) {
      throw unknownOption(token.rawName, command)
    }
    checkValue(spec, token.rawName, token.value, token.inlineValue)
    if (spec.repeats !== true && options.some(option => option.name === optionKey(spec))) {
      // A repeated switch says nothing new; a second value would silently outdo the first.
      if (spec.value !== undefined) throw usage(`${token.rawName} is given twice`)
    }
    options.push({name: optionKey(spec), value: token.value ?? ''})
  }
  return {command, positionals, options}
}

function checkValue(
  spec: OptionSpec,
  rawName: string,
  value: string | undefined,
  inline: boolean | undefined,
): void {
  if (spec.value === undefined) {
    if (value !== undefined) throw usage(`${rawName} takes no value`)
    return
  }
  if (value === undefined) throw usage(`${rawName} needs a value: ${spec.value}`)
  if (inline === false && value.startsWith('-') && value !== '-') {
    const glued = rawName.startsWith('--') ? `${rawName}=${value}` : `${rawName}${value}`
    throw usage(
      `${rawName} needs a value: ${spec.value}`,
      undefined,
      `if it is one, write ${glued}`,
    )
  }
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    const near = didYouMean(value, spec.choices)
    throw usage(`${rawName}: ${quoted(value)} is none of ${spec.choices.join(', ')}`, near)
  }
  if (spec.check === 'pair' && value.indexOf('=') < 1) {
    throw usage(`${rawName}: ${quoted(value)} is not of the form KEY=VALUE`)
  }
  if (spec.check === 'priority' && parsePriority(value) === undefined) {
    throw usage(`${rawName}: ${quoted(value)} is no priority`, didYouMean(value, PRIORITIES))
  }
  if (spec.check === 'seconds' && !isSeconds(value)) {
    throw usage(`${rawName}: ${quoted(value)} is not a number of seconds above 0`)
  }
}

/** Up to 24 days: timers take no more. */
function isSeconds(value: string): boolean {
  const seconds = Number(value)
  return /^\d{1,9}(\.\d{1,9})?$/.test(value) && seconds > 0 && seconds <= 2_147_483
}

function checkPositionals({command, positionals}: ParsedCommand): void {
  const {name, choices, min, max} = command.positionals
  const first = positionals[0]
  if (positionals.length < min)
    throw usage(`${command.name} needs ${name}`, undefined, hint(command))
  if (positionals.length > max) {
    throw usage(`unexpected ${quoted(positionals[max]!)}`, undefined, hint(command))
  }
  if (choices !== undefined && first !== undefined && !choices.includes(first)) {
    const near = didYouMean(first, choices)
    throw usage(`${command.name}: ${quoted(first)} is none of ${choices.join(', ')}`, near)
  }
}

function unknownOption(rawName: string, command: Command): CodedError {
  const names = command.options.flatMap(option => (option.name === '' ? [] : [`--${option.name}`]))
  const near = didYouMean(rawName, names)
  return usage(`unknown option ${quoted(rawName)} of ${command.name}`, near, hint(command))
}

function hint(command: Command): string {
  return `see \`detector help ${command.name}\``
}

function usage(message: string, near?: string, otherwise?: string): CodedError {
  const text = near === undefined ? otherwise : `did you mean ${near}?`
  return new CodedError('CLI_USAGE', message, text === undefined ? {} : {hint: text})
}

/** A word of the command line for a message: bounded, and without anything that could drive a terminal. */
function quoted(word: string): string {
  const short = word.length > 80 ? `${word.slice(0, 80)}…` : word
  return JSON.stringify(short).replace(/[\u007f-\u009f]/g, '\ufffd')
}
