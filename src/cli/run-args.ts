import type {Priority} from '../schema/priority.ts'
import type {RuleSelection} from '../schema/rule-selection.ts'

/** Kinds of kernel hook that `--hooks` chooses from; `auto` lets the planner decide. */
export const HOOK_CHOICES = ['auto', 'tracepoint', 'tp_btf', 'raw_tp'] as const

/** What `detector run` was asked for. An option that is left out is undefined: the config file decides then. */
export interface RunArgs {
  /** Rule files and folders in the given order; empty: those of the config file. */
  readonly ruleSources: readonly string[]
  readonly config: string | undefined
  /** `KEY=VALUE` with dotted keys, in the given order; each outranks the config file. */
  readonly overrides: readonly string[]
  /** Alerts as JSON lines. */
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  /** Colour what goes to standard output; already decided from `--color`, `NO_COLOR` and the terminal. */
  readonly color: boolean
  /** Rules less severe than this are loaded but never run. */
  readonly priority: Priority | undefined
  /** When not empty, only rules with one of these tags run. */
  readonly tags: readonly string[]
  /** Rules with one of these tags do not run. */
  readonly excludeTags: readonly string[]
  /** Applied in order, after the selection of the config file. */
  readonly selection: readonly RuleSelection[]
  readonly matchMode: 'first' | 'all' | undefined
  /** Ends the run after this time. */
  readonly durationMs: number | undefined
  /** Appended to the output of every rule, after one blank. */
  readonly printFormat: string | undefined
  /** Where the JSON summary goes at the end. */
  readonly summaryFile: string | undefined
  /** Capture that every captured event is written to beside the run. */
  readonly recordPath: string | undefined
  readonly isoTime: boolean
  readonly hooks: (typeof HOOK_CHOICES)[number]
  /** Leave invalid rules out instead of ending. */
  readonly skipInvalidRules: boolean
}

/** What `detector bpf` was asked for. */
export interface BpfArgs {
  readonly action: 'disasm' | 'show'
  /** Rule files and folders whose programs are shown. */
  readonly rules: readonly string[]
  readonly json: boolean
}
