import type {Command, OptionSpec} from '../command.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'

/** Prints a script that completes commands, options and their values in a shell. */
export async function runCompletion(
  args: {readonly shell: string},
  commands: readonly Command[],
  io: CliIo,
): Promise<number> {
  const scripts = new Map([
    ['bash', bashScript],
    ['zsh', zshScript],
    ['fish', fishScript],
  ])
  io.stdout(scripts.get(args.shell)?.(commands) ?? '')
  return EXIT.ok
}

function bashScript(commands: readonly Command[]): string {
  const names = commands.map(command => command.name).join(' ')
  const words = commands.map(
    command =>
      `    ${command.name}) words='${[...optionWords(command), ...firstWords(command)].join(' ')}' ;;`,
  )
  const values = choiceOptions(commands).map(
    ([option, choices]) =>
      `    ${optionWordsOf(option).join('|')}) COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current")); return ;;`,
  )
  return [
    '_detector() {',
    `  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words`,
    '  case $previous in',
    ...values,
    '  esac',
    '  if [[ $COMP_CWORD == 1 && $current != -* ]]; then',
    `    COMPREPLY=($(compgen -W '${names}' -- "$current"))`,
    '    return',
    '  fi',
    `  case \${COMP_WORDS[1]} in`,
    ...words,
    `    *) words='${optionWords(commands[0]!).join(' ')}' ;;`,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _detector detector',
    '',
  ].join('\n')
}

function zshScript(commands: readonly Command[]): string {
  const described = commands.map(
    command => `    ${singleQuoted(`${command.name}:${command.summary}`)}`,
  )
  const cases = commands.map(command => {
    const specs = command.options.flatMap(zshOption)
    const words = firstWords(command)
    const rest = words.length > 0 ? `'1:what:(${words.join(' ')})'` : `'*:file:_files'`
    return [`    ${command.name})`, `      _arguments -s ${[...specs, rest].join(' ')} ;;`].join(
      '\n',
    )
  })
  return [
    '#compdef detector',
    '_detector() {',
    '  local -a commands',
    '  commands=(',
    ...described,
    '  )',
    '  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then',
    "    _describe 'command' commands",
    '    return',
    '  fi',
    '  local command=$words[2]',
    '  if [[ $command != -* ]]; then',
    '    shift words',
    '    (( CURRENT-- ))',
    '  fi',
    '  case $command in',
    ...cases,
    '    *)',
    `      _arguments -s ${commands[0]!.options.flatMap(zshOption).join(' ')} ;;`,
    '  esac',
    '}',
    'compdef _detector detector',
    '',
  ].join('\n')
}

function zshOption(option: OptionSpec): string[] {
  const doc = option.doc.replace(/[[\]:]/g, ' ')
  const action = option.choices === undefined ? '_files' : `(${option.choices.join(' ')})`
  const value =
    option.value === undefined ? '' : `:${option.value.replace(/[[\]:]/g, ' ')}:${action}`
  const star = option.repeats === true ? '*' : ''
  return optionWordsOf(option).map(word => singleQuoted(`${star}${word}[${doc}]${value}`))
}

function fishScript(commands: readonly Command[]): string {
  const names = commands.map(command => command.name).join(' ')
  const lines = commands.flatMap(command => {
    const here = `__fish_seen_subcommand_from ${command.name}`
    const name = `complete -c detector -n __fish_use_subcommand -f -a ${command.name} -d ${singleQuoted(command.summary)}`
    const words = firstWords(command)
    const first =
      words.length > 0 ? [`complete -c detector -n '${here}' -f -a '${words.join(' ')}'`] : []
    return [name, ...first, ...command.options.map(option => fishOption(`'${here}'`, option))]
  })
  const bare = commands[0]!.options.map(option =>
    fishOption(`'not __fish_seen_subcommand_from ${names}'`, option),
  )
  return `${[...lines, ...bare].join('\n')}\n`
}

function fishOption(condition: string, option: OptionSpec): string {
  const parts = ['complete -c detector', `-n ${condition}`]
  if (option.short !== undefined) parts.push(`-s ${option.short}`)
  if (option.name !== '') parts.push(`-l ${option.name}`)
  if (option.choices !== undefined) parts.push(`-x -a '${option.choices.join(' ')}'`)
  else if (option.value !== undefined) parts.push('-r')
  parts.push(`-d ${singleQuoted(option.doc)}`)
  return parts.join(' ')
}

function choiceOptions(commands: readonly Command[]): [OptionSpec, readonly string[]][] {
  const found = new Map<string, [OptionSpec, readonly string[]]>()
  for (const option of commands.flatMap(command => command.options)) {
    if (option.choices !== undefined) found.set(option.name, [option, option.choices])
  }
  return [...found.values()]
}

function optionWords(command: Command): string[] {
  return command.options.flatMap(optionWordsOf)
}

function optionWordsOf(option: OptionSpec): string[] {
  const long = option.name === '' ? [] : [`--${option.name}`]
  return option.short === undefined ? long : [`-${option.short}`, ...long]
}

function firstWords(command: Command): readonly string[] {
  return command.positionals.choices ?? []
}

function singleQuoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`
}
