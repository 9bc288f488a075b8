import {loadConfig} from '../../app/config.ts'
import {readProbeDefs} from '../../app/probes/read-probes.ts'
import {readRuleFiles} from '../../app/rules/rule-files.ts'
import {probeRuleChecker} from '../../compiler/rule-checker.ts'
import {loadRuleFiles} from '../../compiler/rules/load.ts'
import {printable} from '../../diagnostics/code-frame.ts'
import {CodedError} from '../../diagnostics/error.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'
import {paint, renderLog} from '../render.ts'
import type {ListArgs} from './list.ts'

/** One rule, macro or list as a listing shows it. */
interface Item {
  readonly name: string
  /** What the JSON form says besides the name. */
  readonly facts: Readonly<Record<string, unknown>>
  /** In brackets behind the name. */
  readonly note: string
  readonly text: string
}

/**
 * Prints the rules, macros or lists of the rule files, those of the configuration when none are named. Ends with 1 when
 * a file is invalid; what could be loaded is listed all the same.
 *
 * @throws CodedError `CLI_USAGE` when there are no rule files or no rule of the wanted name; see also `readRuleFiles`
 */
export async function listRuleItems(args: ListArgs, io: CliIo): Promise<number> {
  const {items, valid} = loadItems(args, io)
  const wanted = args.name === undefined ? items : items.filter(item => item.name === args.name)
  if (args.name !== undefined && wanted.length === 0) {
    throw new CodedError('CLI_USAGE', `no rule is called ${JSON.stringify(args.name)}`)
  }
  if (args.json) {
    io.stdout(`${JSON.stringify(wanted.map(({name, facts}) => ({name, ...facts})))}\n`)
  } else {
    for (const {name, note, text} of wanted) {
      const head = `${paint('bold', printable(name), args.color)}${note === '' ? '' : ` (${printable(note)})`}`
      io.stdout(text === '' ? `${head}\n` : `${head}\n    ${printable(text.trim())}\n`)
    }
  }
  return valid ? EXIT.ok : EXIT.findings
}

function loadItems(args: ListArgs, io: CliIo): {readonly items: Item[]; readonly valid: boolean} {
  const {config} = loadConfig({path: args.config, overrides: args.overrides, env: io.env})
  const paths = args.rules.length > 0 ? args.rules : config.rules
  if (paths.length === 0) {
    throw new CodedError('CLI_USAGE', 'no rule files', {
      hint: 'name them with --rules PATH or in the configuration',
    })
  }
  const {files} = readRuleFiles(paths)
  const loaded = loadRuleFiles(files, {
    checker: probeRuleChecker(readProbeDefs(config.probes)),
    appendOutput: config.appendOutput,
    skipInvalidRules: true,
  })
  const invalid = loaded.results.filter(result => !result.successful)
  for (const {name, errors} of invalid) {
    io.stderr(`${renderLog('error', `${name}: ${errors[0]?.message ?? 'invalid'}`, false)}\n`)
  }
  const valid = invalid.length === 0
  if (args.kind === 'rules') {
    const items = loaded.rules.map(rule => ({
      name: rule.name,
      facts: {
        desc: rule.desc,
        priority: rule.priority,
        tags: rule.tags,
        enabled: rule.enabled,
        source: rule.source,
        output: rule.output,
        file: rule.file,
      },
      note: [rule.priority, ...rule.tags, ...(rule.enabled ? [] : ['off'])].join(', '),
      text: rule.desc,
    }))
    return {items, valid}
  }
  if (args.kind === 'macros') {
    const items = loaded.macros.map(({name, text}) => ({
      name,
      facts: {condition: text},
      note: '',
      text,
    }))
    return {items, valid}
  }
  const items = loaded.lists.map(({name, items: members}) => ({
    name,
    facts: {items: members},
    note: `${members.length}`,
    text: members.join(', '),
  }))
  return {items, valid}
}
