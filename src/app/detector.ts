import {randomUUID} from 'node:crypto'
import {release} from 'node:os'
import {CodedError} from '../diagnostics/error.ts'
import {monotonicMs} from '../diagnostics/monotonic.ts'
import {type Dispatcher, startDispatcher} from '../outputs/dispatcher.ts'
import {openMemoryQueue} from '../outputs/memory-queue.ts'
import {createContainerLookup} from '../state/containers/lookup/container-lookup.ts'
import {type ArmedDetection, Detection, type RunningDetection} from './detection/detection.ts'
import type {DetectorSettings, RunningDetector, RunSummary} from './detector-run.ts'
import {createDomainLookup} from './domain-lookup.ts'
import {createRunLedger, type RunLedger} from './ledger/run-ledger.ts'
import {type Operation, openOperation} from './operation.ts'
import {packageVersion} from './package-version.ts'
import {createInputReader, type DetectorInput} from './probes/detector-input.ts'
import {answerQueueOf} from './queue/queue-request.ts'
import {reloadParts} from './reload-parts.ts'
import {createRuleCheck, type RuleCheck} from './rules/rule-check.ts'
import {engineRules, type RuleSet} from './rules/rule-set.ts'
import {type ChangeSight, type RuleWatcher, watchRules} from './rules/rule-watcher.ts'
import {buildReport, type LastAnswer} from './status/build-report.ts'
import type {DetectorState, StatusReport} from './status/status-report.ts'

/** What was read, compiled, and by what check. */
interface RulesInForce {
  readonly input: DetectorInput
  readonly check: RuleCheck
  readonly set: Pick<RuleSet, 'rules'>
}

/** How long the end waits for outputs to take what is left. */
const DRAIN_MS = 10_000
/** Detection is started anew this often within the window; then it is given up. */
const MAX_RESTARTS = 3
const RESTART_WINDOW_MS = 60_000
/** How long a status waits for the detection thread. */
const STATUS_MS = 2000
/** How often the counts of the outputs are looked at for the ledger. */
const LOOK_AT_OUTPUTS_MS = 1000

/**
 * Starts a detector, in this order: rules, outputs, kernel, watch. What fails takes the rest down again.
 * @throws CodedError RULE_… for the rules, PROBE_… for probes, SENSOR_… for the kernel.
 */
export async function startDetector(settings: DetectorSettings): Promise<RunningDetector> {
  const input = createInputReader(settings.rulePaths, settings.probes ?? [])()
  const ledger = createRunLedger({
    startedMs: Date.now() - process.uptime() * 1000,
    nowMs: Date.now,
  })
  const check = checkFor(settings, input)
  const checked = check(input.rules)
  if (checked instanceof CodedError) throw checked
  const queue =
    (await settings.openQueue?.(settings.sinks, settings.log)) ??
    openMemoryQueue(settings.sinks, {log: settings.log})
  const dispatcher = startDispatcher({queue, log: settings.log})
  const detector = new Detector(settings, dispatcher, {input, check, set: checked}, ledger)
  try {
    await detector.start()
  } catch (error) {
    await detector.abandon()
    throw error
  }
  return detector
}

/** The check that rules pass, with the words of the probes. */
function checkFor({ruleOptions, log}: DetectorSettings, {probes}: DetectorInput): RuleCheck {
  for (const reason of probes.refusals) log('error', `${reason}; detection goes on without it`)
  return createRuleCheck({...ruleOptions, probes: probes.defs}, log)
}

class Detector implements RunningDetector {
  armed!: ArmedDetection
  readonly broken: Promise<never>
  readonly #settings: DetectorSettings
  readonly #dispatcher: Dispatcher
  readonly #startedMs = performance.now()
  readonly #startedAtMs = Date.now()
  readonly #runId = randomUUID().replaceAll('-', '').slice(0, 16)
  readonly #restartedMs: number[] = []
  #breakDown!: (error: CodedError) => void
  #rules: RulesInForce
  #generation = 1
  #detection!: RunningDetection
  readonly #domains = createDomainLookup(entries => this.#detection?.nameAddresses(entries))
  #watcher: RuleWatcher | undefined
  #restarts = 0
  #blindMs = 0
  #stopping = false
  readonly #ledger: RunLedger
  #operation: Operation | undefined
  #state: DetectorState = 'starting'
  #armedMs: number | undefined
  #answer: LastAnswer | undefined
  /** Alerts that were given to the outputs. */
  #dispatched = 0
  readonly #outputsTimer: NodeJS.Timeout

  constructor(
    settings: DetectorSettings,
    dispatcher: Dispatcher,
    rules: RulesInForce,
    ledger: RunLedger,
  ) {
    this.#settings = settings
    this.#dispatcher = dispatcher
    this.#rules = rules
    this.#ledger = ledger
    this.#outputsTimer = setInterval(() => this.#lookAtOutputs(), LOOK_AT_OUTPUTS_MS)
    this.#outputsTimer.unref()
    this.broken = new Promise((_resolve, reject) => {
      this.#breakDown = reject
    })
    // Whoever never looks at it must not be ended by it.
    this.broken.catch(() => {})
  }

  async start(): Promise<void> {
    const {rulePaths, probes = [], operation, log} = this.#settings
    if (operation !== undefined)
      this.#operation = await openOperation(
        operation,
        () => this.status(),
        log,
        new Map([['queue', answerQueueOf(this.#dispatcher.control)]]),
      )
    this.armed = await this.#startDetection()
    // Standard input cannot be read twice.
    const watched = rulePaths.filter(path => path !== '-')
    if (watched.length < rulePaths.length) return
    this.#watcher = watchRules<DetectorInput>(
      [...watched, ...probes.map(({object}) => object)],
      createInputReader(watched, probes, this.#rules.input.probes),
      (input, sight) => this.#takeRules(input, sight),
      {
        initial: this.#rules.input,
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
    this.#state = 'stopping'
    this.#watcher?.close()
    this.#domains.close()
    const detection = await this.#detection.stop()
    this.#ledger.alertsRefused(detection.drops['alert_backlog_full'] ?? 0, this.#generation)
    const queue = await this.#dispatcher.stop(this.#settings.drainMs ?? DRAIN_MS)
    this.#lookAtOutputs()
    await this.#endOperation()
    return {
      durationMs: performance.now() - this.#startedMs,
      detection,
      queue,
      restarts: this.#restarts,
      blindMs: this.#blindMs,
      missed: this.#ledger.view(),
    }
  }

  async status(): Promise<StatusReport> {
    const answered = await this.#askDetection()
    return buildReport({
      version: packageVersion(),
      state: this.#state === 'watching' && !answered ? 'not_answering' : this.#state,
      hostname: this.#settings.hostname,
      kernel: release(),
      startedMs: this.#startedAtMs,
      armedMs: this.#armedMs,
      nowMs: Date.now(),
      rules: this.#answer?.status.rules ?? 0,
      generation: this.#generation,
      restarts: this.#restarts,
      blindMs: this.#blindMs,
      answer: this.#answer,
      dispatched: this.#dispatched,
      queue: this.#dispatcher.stats(),
      ledger: this.#ledger.view(),
      memory: process.memoryUsage(),
      cpu: process.cpuUsage(),
    })
  }

  /** Ends what was started before the start failed. */
  async abandon(): Promise<void> {
    await this.#endOperation()
    await this.#dispatcher.stop(0)
  }

  /** Asks the detection thread for its counts; false when it has none to give, or not in time. */
  async #askDetection(): Promise<boolean> {
    if (this.#state !== 'watching') return false
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>(resolve => {
      timer = setTimeout(resolve, STATUS_MS, undefined)
    })
    try {
      const status = await Promise.race([this.#detection.status(), late])
      if (status !== undefined) this.#answer = {status, atMs: Date.now()}
      return status !== undefined
    } catch {
      // Detection ended under the question: the state says so.
      return false
    } finally {
      clearTimeout(timer)
    }
  }

  #lookAtOutputs(): void {
    this.#ledger.outputs(this.#dispatcher.stats(), this.#generation)
  }

  async #endOperation(): Promise<void> {
    clearInterval(this.#outputsTimer)
    await this.#operation?.close()
  }

  async #startDetection(): Promise<ArmedDetection> {
    const {
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
        rules: engineRules(this.#rules.set),
        probes: this.#rules.input.probes.images,
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
        onAlert: alert => {
          this.#dispatched++
          this.#dispatcher.dispatch(alert)
        },
        onMissed: changes => this.#ledger.take(changes),
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
    this.#state = 'watching'
    this.#armedMs ??= Date.now()
    this.#ledger.armed(this.#rules.set, this.#generation)
    return armed
  }

  /** New contents of rule files or probes: the new set takes over in one step, or the old one stays and the reason is told. */
  async #takeRules(input: DetectorInput, sight: ChangeSight): Promise<void> {
    const {log} = this.#settings
    const {probes} = input
    const isOld = probes === this.#rules.input.probes
    const started = monotonicMs()
    const noticedMs = Date.now() - (started - sight.noticedAtMs)
    const check = isOld ? this.#rules.check : checkFor(this.#settings, input)
    const set = check(input.rules)
    const compileMs = monotonicMs() - started
    if (set instanceof CodedError) {
      this.#ledger.reloadRefused(this.#generation)
      log('error', `${set.message}\nthe rules of generation ${this.#generation} stay in force`)
      return
    }
    const generation = this.#generation + 1
    this.#ledger.reloadBegins(set, noticedMs, generation)
    try {
      const active = await this.#detection.setRules(
        engineRules(set),
        generation,
        isOld ? undefined : probes.images,
      )
      this.#generation = generation
      this.#rules = {input, check, set}
      this.#ledger.reloaded(set, generation)
      const parts = {...sight, compileMs, ...active.times}
      const tookMs = Math.round(active.times.activeAtMs - sight.noticedAtMs)
      log(
        'info',
        `rules reloaded: ${active.rules} rules, generation ${generation}, active after ${tookMs} ms`,
      )
      const since = active.times.activeAtMs.toFixed(3)
      log('debug', `generation ${generation} is in force since ${since} (CLOCK_MONOTONIC, ms)`)
      log('debug', `the reload in parts: ${reloadParts(parts)}`)
    } catch (error) {
      this.#ledger.reloadRefused(this.#generation)
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
    this.#state = 'restarting'
    this.#ledger.restartBegins(this.#generation)
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
    this.#state = 'stopping'
    this.#watcher?.close()
    await this.#dispatcher.stop(this.#settings.drainMs ?? DRAIN_MS)
    await this.#endOperation()
    this.#breakDown(error)
  }
}
