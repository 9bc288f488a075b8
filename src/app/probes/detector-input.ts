import type {ProbeConfig} from '../../schema/config/config.ts'
import {type ReadRuleFiles, readRuleFiles} from '../rules/rule-files.ts'
import type {RuleSnapshot} from '../rules/rule-watcher.ts'
import {NO_READ_PROBES, type ReadProbes, readProbes} from './read-probes.ts'

/** Everything that a detector works from and that may change while it runs, as it was at one moment. */
export interface DetectorInput extends RuleSnapshot {
  readonly rules: ReadRuleFiles
  /** The same object as long as nothing of it changes. */
  readonly probes: ReadProbes
}

/**
 * Makes the reader of a detector's input. Probes are judged anew only when an object has changed.
 * @param before - the probes that were read already
 * @throws (the reader) CodedError RULE_FILE_READ, PROBE_…, OBJECT_INVALID
 */
export function createInputReader(
  rulePaths: readonly string[],
  probes: readonly ProbeConfig[],
  before: ReadProbes = NO_READ_PROBES,
): () => DetectorInput {
  let known = before
  return () => {
    const rules = readRuleFiles(rulePaths)
    if (probes.length > 0) known = readProbes(probes, known)
    return {rules, probes: known, files: [...rules.files, ...known.files]}
  }
}
