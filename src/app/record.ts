import {checkFilter} from '../compiler/check.ts'
import {parseCondition} from '../compiler/condition/parser.ts'
import {CodedError} from '../diagnostics/error.ts'
import type {Log} from '../diagnostics/log.ts'
import type {EngineRule} from '../engine/engine.ts'
import type {ContainersConfig} from '../schema/config/config.ts'
import {createContainerLookup} from '../state/containers/lookup/container-lookup.ts'
import {
  type ArmedDetection,
  Detection,
  type DetectionSetup,
  type RunningDetection,
} from './detection/detection.ts'
import type {DetectionSummary, WorkerSetup} from './detection/protocol.ts'
import {createDomainLookup} from './domain-lookup.ts'
import {compileRuleSet, engineRules} from './rules/rule-set.ts'

/** A recording, decided. */
export interface RecordSettings {
  /** The capture; its name says the form. */
  readonly path: string
  /** A condition without macros; left out: every event. */
  readonly filter: string | undefined
  readonly rings: DetectionSetup['rings']
  readonly hooks: DetectionSetup['hooks']
  readonly entryCopies: boolean
  readonly drops: WorkerSetup['drops']
  readonly containers: ContainersConfig
  readonly hostname: string
  readonly log: Log
}

/** A recording that is under way. */
export interface RunningRecording {
  readonly armed: ArmedDetection
  /** Detaches, writes what has happened up to now, and closes the file. */
  stop(): Promise<DetectionSummary>
  /** Rejects when the recording broke down. */
  readonly broken: Promise<never>
}

/** Holds for every event. */
const EVERYTHING = 'evt.num > 0'

/**
 * Starts writing live events to a capture.
 * @throws CodedError `CLI_USAGE` for the filter, `CAPTURE_…` for the file, `SENSOR_…` for the kernel
 */
export async function startRecording(settings: RecordSettings): Promise<RunningRecording> {
  const {path, filter = EVERYTHING, containers, log, ...sensor} = settings
  checkCondition(filter)
  let breakDown!: (error: CodedError) => void
  const broken = new Promise<never>((_resolve, reject) => {
    breakDown = reject
  })
  // Whoever never looks at it must not be ended by it.
  broken.catch(() => {})
  const lookup = containers.enabled ? createContainerLookup(containers) : undefined
  let running: RunningDetection | undefined
  const domains = createDomainLookup(entries => running?.nameAddresses(entries))
  const {detection, armed} = await Detection.start(
    {
      ...sensor,
      kernelFilter: false,
      rules: rulesOf(filter),
      generation: 1,
      matching: 'first',
      containerWaitMs: containers.enabled ? containers.waitMs : undefined,
      record: {path, events: 'matching'},
      runId: 'record',
    },
    {
      onAlert: () => {},
      onFailure: breakDown,
      onLog: log,
      onNames: names => domains.follow(names),
      onContainer: async request => {
        running?.deliverContainer(request.id, await lookup?.lookup(request))
      },
    },
  )
  running = detection
  detection.nameAddresses(domains.known)
  return {
    armed,
    broken,
    stop: () => {
      domains.close()
      return detection.stop()
    },
  }
}

function checkCondition(filter: string): void {
  const parsed = parseCondition(filter)
  const problem = parsed.ok ? checkFilter(parsed.expr) : parsed
  if (problem.ok) return
  const message = 'problem' in problem ? problem.problem.message : problem.message
  throw new CodedError('CLI_USAGE', `--filter: ${message}`)
}

/** A filter is one rule whose alerts nobody takes. JSON text is YAML text. */
function rulesOf(condition: string): EngineRule[] {
  const content = JSON.stringify([
    {rule: 'filter', desc: 'what is recorded', condition, output: 'recorded', priority: 'DEBUG'},
  ])
  return engineRules(
    compileRuleSet([{name: 'filter', content}], {
      appendOutput: [],
      selection: [],
      startOff: false,
      minPriority: 'Debug',
      skipInvalidRules: false,
    }),
  )
}
