import {loadConfig} from '../../app/config.ts'
import {readProbeDefs} from '../../app/probes/read-probes.ts'
import {type ReadRuleFile, readRuleFiles} from '../../app/rules/rule-files.ts'
import {probeRuleChecker} from '../../compiler/rule-checker.ts'
import {loadRuleFiles} from '../../compiler/rules/load.ts'
import {
  BUILTIN_PLUGINS,
  type PluginRequirement,
  unmetRequirements,
} from '../../compiler/rules/read/plugin-requirements.ts'
import type {LoadResult} from '../../compiler/rules/report/load-result.ts'
import {loadResultsJson} from '../../compiler/rules/report/result-json.ts'
import {resultDetails, resultVerdict} from '../../compiler/rules/report/result-text.ts'
import {printable} from '../../diagnostics/code-frame.ts'
import type {ProbeDef} from '../../schema/probe.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'
import {paint, renderLog} from '../render.ts'

/** What `validate` was asked. */
export interface ValidateArgs {
  /** Files and folders; `-` is standard input. */
  readonly paths: readonly string[]
  readonly config: string | undefined
  readonly overrides: readonly string[]
  readonly json: boolean
  /** Show the schema check and the number of rules as well. */
  readonly verbose: boolean
  readonly color: boolean
}

/** Where `validate` writes to. */
export type ValidateIo = Pick<CliIo, 'stdout' | 'stderr'>

/**
 * Checks rule files and reports on each one. The exit code is 0 when all are valid, whatever their warnings, else 1.
 *
 * @throws CodedError `RULE_FILE_READ` when a file cannot be read; CONFIG_INVALID, PROBE_… for the configuration, whose probes rules may
 * name
 */
export async function runValidate(
  args: ValidateArgs,
  io: ValidateIo & Pick<CliIo, 'env'>,
): Promise<number> {
  const {files, warnings} = readRuleFiles(args.paths)
  for (const warning of warnings) io.stderr(`${renderLog('warning', warning, args.color)}\n`)
  const {config} = loadConfig({path: args.config, overrides: args.overrides, env: io.env})
  return validate({...args, files, probes: readProbeDefs(config.probes)}, io)
}

/** Checks rule files that are in memory. */
export function validate(
  {
    files,
    json,
    verbose,
    color,
    probes = [],
  }: Omit<ValidateArgs, 'paths' | 'config' | 'overrides'> & {
    readonly probes?: readonly ProbeDef[]
    readonly files: readonly Pick<ReadRuleFile, 'name' | 'content'>[]
  },
  io: ValidateIo,
): number {
  const loaded = loadRuleFiles(files, {checker: probeRuleChecker(probes)})
  const unmet = unmetRequirements(loaded.pluginRequirements, BUILTIN_PLUGINS)
  if (unmet.length > 0) {
    for (const requirement of unmet) io.stderr(`Error: ${describeUnmet(requirement)}\n`)
    return EXIT.findings
  }
  const {results} = loaded
  if (json) io.stdout(`${loadResultsJson(results)}\n`)
  else for (const result of results) writeResult(result, {verbose, color}, io)
  if (verbose && !json) {
    const counts = `${loaded.rules.length} rules, ${loaded.macros.length} macros, ${loaded.lists.length} lists`
    io.stderr(`${counts}\n`)
  }
  const invalid = results.filter(({successful}) => !successful)
  if (invalid.length === 0) return EXIT.ok
  for (const {name, errors} of invalid) {
    io.stderr(`Error: ${printable(name)}: Invalid: ${printable(errors[0]?.message ?? '')}\n`)
  }
  return EXIT.findings
}

function writeResult(
  result: LoadResult,
  {verbose, color}: {readonly verbose: boolean; readonly color: boolean},
  io: ValidateIo,
): void {
  const {successful, warnings} = result
  const style = successful ? (warnings.length > 0 ? 'yellow' : 'green') : 'red'
  const verdict = paint(style, resultVerdict(result), color)
  io.stdout(`${printable(result.name)}: ${verdict}\n`)
  // What is wrong is the result; warnings of a valid file are remarks.
  if (successful) io.stderr(resultDetails(result))
  else io.stdout(resultDetails(result))
  if (verbose && !result.schemaValid) {
    for (const text of result.schemaWarnings) {
      io.stderr(`${renderLog('info', `schema: ${text}`, color)}\n`)
    }
  }
}

function describeUnmet(requirement: PluginRequirement): string {
  const wanted = requirement.map(({name, version}) => `'${name}' ${version}`).join(' or ')
  return printable(`the rules require plugin ${wanted}, which is not there`)
}
