import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {readProbeDefs} from '../app/probes/read-probes.ts'
import type {RuleSetOptions} from '../app/rules/rule-set.ts'
import {packageRoot} from '../paths.ts'
import type {Config} from '../schema/config/config.ts'
import type {RunArgs} from './run-args.ts'

/** Rules of the host, where no others are named. */
const SYSTEM_RULES = '/etc/detector/rules'

/** Where rules come from: the command line, else the configuration, else the host, else the package. */
export function rulePathsOf(args: RunArgs, config: Config): readonly string[] {
  if (args.ruleSources.length > 0) return args.ruleSources
  if (config.rules.length > 0) return config.rules
  return [existsSync(SYSTEM_RULES) ? SYSTEM_RULES : join(packageRoot, 'rules')]
}

/**
 * What becomes of the rules: the configuration first, then the command line.
 * @throws CodedError PROBE_INVALID, OBJECT_INVALID for probes whose fields cannot be told
 */
export function ruleOptionsOf(args: RunArgs, config: Config): RuleSetOptions {
  return {
    appendOutput: [
      ...config.appendOutput,
      ...(args.printFormat === undefined ? [] : [{extraOutput: args.printFormat}]),
    ],
    selection: [
      ...config.selection,
      ...args.tags.map(tag => ({op: 'enable', match: 'tag', pattern: tag}) as const),
      ...args.excludeTags.map(tag => ({op: 'disable', match: 'tag', pattern: tag}) as const),
      ...args.selection,
    ],
    startOff: args.tags.length > 0,
    minPriority: args.priority ?? config.priority,
    skipInvalidRules: args.skipInvalidRules,
    probes: readProbeDefs(config.probes),
  }
}
