import type {CliIo} from './io.ts'

/** One option of a command. Left-out keys: no short form, a switch without a value, given once at most. */
export interface OptionSpec {
  /** Long name without dashes; empty when there is only a short form. */
  readonly name: string
  readonly short?: string
  /** Placeholder of its value; left out: a switch. */
  readonly value?: string
  readonly choices?: readonly string[]
  /** `seconds`: a decimal number above 0; `pair`: `KEY=VALUE`; `priority`: a priority in any letter case. */
  readonly check?: 'seconds' | 'pair' | 'priority'
  readonly repeats?: true
  readonly doc: string
}

/** What may stand behind a command's name besides options. */
export interface PositionalSpec {
  /** Placeholder: `PATH`. */
  readonly name: string
  /** Words that the first one may be. */
  readonly choices?: readonly string[]
  readonly min: number
  readonly max: number
}

/** One command: what it is called, what it takes, what it does. Help and completion are made from this. */
export interface Command {
  readonly name: string
  /** One line without a full stop. */
  readonly summary: string
  /** What follows `detector` on the usage line. */
  readonly usage: string
  /** More to say, already broken into lines. */
  readonly details: readonly string[]
  readonly positionals: PositionalSpec
  readonly options: readonly OptionSpec[]
  /** Returns the exit code. Loads what it needs on its own, so that no command pays for the others. */
  readonly run: (parsed: ParsedCommand, io: CliIo) => Promise<number>
}

/** A command line understood. */
export interface ParsedCommand {
  readonly command: Command
  readonly positionals: readonly string[]
  /** In the order given; `name` is the long name, or the letter when there is none. Switches have an empty value. */
  readonly options: readonly {readonly name: string; readonly value: string}[]
}

/** The name an option goes by in {@link ParsedCommand}. */
export function optionKey(option: OptionSpec): string {
  return option.name === '' ? (option.short ?? '') : option.name
}

/** Whether an option was given. */
export function hasOption(parsed: ParsedCommand, name: string): boolean {
  return parsed.options.some(option => option.name === name)
}

/** Every value of an option, in the order given. */
export function valuesOf(parsed: ParsedCommand, name: string): string[] {
  return parsed.options.filter(option => option.name === name).map(option => option.value)
}

/** The value of an option, the last one if it was repeated. */
export function lastValueOf(parsed: ParsedCommand, name: string): string | undefined {
  return valuesOf(parsed, name).at(-1)
}
