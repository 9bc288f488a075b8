import type {Command, OptionSpec} from './command.ts'

/** Help lines stay within this many columns. */
const WIDTH = 100

/** What `detector help` prints: every command in one line. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map(command => [command.name, command.summary] as const)
  return [
    'Usage: detector [COMMAND] [OPTIONS]',
    '',
    'Watches a Linux host through eBPF and raises an alert for each event that a rule describes.',
    '',
    'Commands:',
    ...table(rows),
    '',
    `Without a command: ${commands[0]?.name}. Options of a command: detector help COMMAND.`,
    'Exit codes: 0 done, 1 findings, 2 wrong command line or config, 3 missing environment, 70 a defect.',
    '',
  ].join('\n')
}

/** What `detector help COMMAND` prints. */
export function commandHelp(command: Command): string {
  const lines = [`Usage: detector ${command.usage}`, '', `${command.summary}.`]
  if (command.details.length > 0) lines.push('', ...command.details)
  lines.push('', 'Options:', ...table(command.options.map(optionRow)))
  return `${lines.join('\n')}\n`
}

function optionRow(option: OptionSpec): readonly [string, string] {
  const short = option.short === undefined ? '    ' : `-${option.short}`
  const long = option.name === '' ? '' : `--${option.name}`
  const separator = option.short !== undefined && long !== '' ? ', ' : ''
  const value = option.choices?.join('|') ?? option.value
  const left = `${short}${separator}${long}${value === undefined ? '' : ` ${value}`}`
  return [left, option.repeats === true ? `${option.doc} (repeatable)` : option.doc]
}

/** Two columns; a left side that is too long stands on a line of its own. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(30, Math.max(...rows.map(([left]) => left.length)))
  return rows.flatMap(([left, right]) => {
    const [first = '', ...more] = wrap(right, WIDTH - width - 4)
    const indent = ' '.repeat(width + 4)
    const head =
      left.length > width
        ? [`  ${left}`, `${indent}${first}`]
        : [`  ${left.padEnd(width)}  ${first}`]
    return [...head, ...more.map(line => `${indent}${line}`)]
  })
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
