import {randomUUID} from 'node:crypto'
import {CodedError} from '../diagnostics/error.ts'
import type {Log} from '../diagnostics/log.ts'
import {type Dispatcher, startDispatcher} from '../outputs/dispatcher.ts'
import type {QueueStats} from '../outputs/queue.ts'
import type {Sink} from '../outputs/sink.ts'
import type {ContainersConfig} from '../schema/config.ts'
import {createContainerLookup} from '../state/containers/lookup/container-lookup.ts'
import {type ArmedDetection, Detection, type RunningDetection} from './detection/detection.ts'
import type {DetectionSummary, WorkerSetup} from './detection/protocol.ts'
import {createDomainLookup} from './domain-lookup.ts'
import {createRuleCheck, type RuleCheck} from './rule-check.ts'
import {type ReadRuleFiles, readRuleFiles} from './rule-files.ts'
import type {RuleSetOptions} from './rule-set.ts'
import {type RuleWatcher, watchRules} from './rule-watcher.ts'

/** Everything that a run is made of, decided. */
export interface DetectorSettings {
  readonly rulePaths: readonly string[]
  readonly ruleOptions: RuleSetOptions
  readonly matching: 'first' | 'all'
  readonly rings: WorkerSetup['rings']
  readonly hooks: WorkerSetup['hooks']
  readonly entryCopies: boolean
  readonly kernelFilter: boolean
  readonly drops: WorkerSetup['drops']
  readonly containers: ContainersConfig
  /** Every event that is captured is written to this capture too. */
  readonly recordPath: string | undefined
  readonly hostname: string
  readonly sinks: readonly Sink[]
  readonly log: Log
  /** Starts the detection worker; tests pass in their own. */
  readonly startDetection?: typeof Detection.start
}

/** What a whole run saw and missed; intervals of restarted detection are added up. */
export interface RunSummary {
  readonly durationMs: number
  readonly detection: DetectionSummary
  readonly queue: QueueStats
  /** Times that the detection thread was started anew, and how long nothing was watched. */
  readonly restarts: number
  readonly blindMs: number
}

/** A running detector. */
export interface RunningDetector {
  readonly armed: ArmedDetection
  /** Looks at the rule files now. */
  reload(): Promise<void>
  /** Lets outputs open their files again. */
  reopen(): Promise<void>
  /** Detaches, delivers what is left, and tells what happened. */
  stop(): Promise<RunSummary>
  /** Settles (rejects) only when detection broke down for good. */
  readonly broken: Promise<never>
}

/** How long the end waits for outputs to take what is left. */
const DRAIN_MS = 10_000
/** Detection is started anew this often within the window; then it is given up. */
const MAX_RESTARTS = 3
const RESTART_WINDOW_MS = 60_000

/**
 * Starts a detector, in this order: rules, outputs, kernel, watch. What fails takes the rest down again.
 * @throws CodedError RULE_… for the rules, SENSOR_… for the kernel.
 */
export async function startDetector(settings: DetectorSettings): Promise<RunningDetector> {
  const first = readRuleFiles(settings.rulePaths)
  const check = createRuleCheck(settings.ruleOptions, settings.log)
  const refusal = check(first)
  if (refusal !== undefined) throw refusal
  const dispatcher = startDispatcher({sinks: settings.sinks, log: settings.log})
  const detector = new Detector(settings, dispatcher, first, check)
  try {
    await detector.start()
  } catch (error) {
    await dispatcher.stop(0)
    throw error
  }
  return detector
}

class Detector implements RunningDetector {
  armed!: ArmedDetection
  readonly broken: Promise<never>
  readonly #settings: DetectorSettings
  readonly #dispatcher: Dispatcher
  readonly #startedMs = performance.now()
  readonly #runId = randomUUID().slice(0, 8)
  readonly #restartedMs: number[] = []
  #breakDown!: (error: CodedError) => void
  readonly #check: RuleCheck
  #rules: ReadRuleFiles
  #generation = 1
  #detection!: RunningDetection
  readonly #domains = createDomainLookup(entries => this.#detection?.nameAddresses(entries))
  #watcher: RuleWatcher | undefined
  #restarts = 0
  #blindMs = 0
  #stopping = false

  constructor(
    settings: DetectorSettings,
    dispatcher: Dispatcher,
    rules: ReadRuleFiles,
    check: RuleCheck,
  ) {
    this.#settings = settings
    this.#dispatcher = dispatcher
    this.#rules = rules
    this.#check = check
    this.broken = new Promise((_resolve, reject) => {
      this.#breakDown = reject
    })
    // Whoever never looks at it must not be ended by it.
    this.broken.catch(() => {})
  }

  async start(): Promise<void> {
    this.armed = await this.#startDetection()
    const {rulePaths, log} = this.#settings
    // Standard input cannot be read twice.
    const watched = rulePaths.filter(path => path !== '-')
    if (watched.length < rulePaths.length) return
    this.#watcher = watchRules<ReadRuleFiles>(
      watched,
      () => readRuleFiles(watched),
      rules => this.#takeRules(rules),
      {
        initial: this.#rules,
        onError: error =>
          log('error', `rules are not reloaded: ${error instanceof Error ? error.message : error}`),
      },
    )
  }

  async reload(): Promise<void> {
    await this.#watcher?.check()
  }

  reopen(): Promise<void> {
    return this.#dispatcher.reopen()
  }

  async stop(): Promise<RunSummary> {
    this.#stopping = true
    this.#watcher?.close()
    this.#domains.close()
    const detection = await this.#detection.stop()
    const queue = await this.#dispatcher.stop(DRAIN_MS)
    return {
      durationMs: performance.now() - this.#startedMs,
      detection,
      queue,
      restarts: this.#restarts,
      blindMs: this.#blindMs,
    }
  }

  async #startDetection(): Promise<ArmedDetection> {
    const {
      ruleOptions,
      matching,
      rings,
      hooks,
      entryCopies,
      kernelFilter,
      drops,
      containers,
      recordPath,
      hostname,
      log,
      startDetection = Detection.start,
    } = this.#settings
    const lookup = containers.enabled ? createContainerLookup(containers) : undefined
    const {detection, armed} = await startDetection(
      {
        files: this.#rules.files.map(({name, content}) => ({name, content})),
        ruleOptions,
        generation: this.#generation,
        matching,
        rings,
        hooks,
        entryCopies,
        kernelFilter,
        drops,
        containerWaitMs: containers.enabled ? containers.waitMs : undefined,
        record: recordPath === undefined ? undefined : {path: recordPath, events: 'captured'},
        hostname,
        runId: `${this.#runId}.${this.#restarts}`,
      },
      {
        onAlert: alert => this.#dispatcher.dispatch(alert),
        onFailure: error => void this.#restart(error),
        onLog: log,
        onNames: names => this.#domains.follow(names),
        onContainer: async request => {
          const info = await lookup?.lookup(request)
          if (this.#detection !== undefined) this.#detection.deliverContainer(request.id, info)
        },
      },
    )
    this.#detection = detection
    // What was found while it started had nobody to go to.
    detection.nameAddresses(this.#domains.known)
    return armed
  }

  /** New contents of the rule files: the new set takes over in one step, or the old one stays and the reason is told. */
  async #takeRules(rules: ReadRuleFiles): Promise<void> {
    const {log} = this.#settings
    const started = performance.now()
    const refusal = this.#check(rules)
    if (refusal !== undefined) {
      log('error', `${refusal.message}\nthe rules of generation ${this.#generation} stay in force`)
      return
    }
    const generation = this.#generation + 1
    try {
      const files = rules.files.map(({name, content}) => ({name, content}))
      const active = await this.#detection.setRules(files, generation)
      this.#generation = generation
      this.#rules = rules
      const tookMs = Math.round(performance.now() - started)
      log(
        'info',
        `rules reloaded: ${active.rules} rules, generation ${generation}, active after ${tookMs} ms`,
      )
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log(
        'error',
        `new rules were refused: ${reason}; the rules of generation ${this.#generation} stay in force`,
      )
    }
  }

  /** The detection thread ended on its own: everything is detached until it is up again. */
  async #restart(error: CodedError): Promise<void> {
    if (this.#stopping) return
    const {log} = this.#settings
    const now = performance.now()
    this.#restartedMs.push(now)
    const recent = this.#restartedMs.filter(at => now - at < RESTART_WINDOW_MS).length
    log(
      'error',
      `detection ended: ${error.message}${error.log === undefined ? '' : `\n${error.log}`}`,
    )
    if (recent > MAX_RESTARTS) return this.#giveUp(error)
    this.#restarts++
    try {
      await this.#startDetection()
      this.#blindMs += performance.now() - now
      log(
        'warning',
        `detection started anew; nothing was watched for ${Math.round(performance.now() - now)} ms`,
      )
    } catch (reason) {
      await this.#giveUp(
        reason instanceof CodedError ? reason : new CodedError('INTERNAL', String(reason)),
      )
    }
  }

  /** The end, but for the alerts that are still to be delivered. */
  async #giveUp(error: CodedError): Promise<void> {
    this.#watcher?.close()
    await this.#dispatcher.stop(DRAIN_MS)
    this.#breakDown(error)
  }
}
