import type {CapturePlan} from '../../compiler/bpf/capture-plan.ts'
import {kernelPrograms} from '../../compiler/bpf/kernel-programs.ts'
import {laneOf} from '../../compiler/bpf/lane.ts'
import type {RuleFile} from '../../compiler/rules/load.ts'
import {Engine, type EngineOptions} from '../../engine/engine.ts'
import {fieldBinder} from '../../engine/field-binder.ts'
import {MatchContext} from '../../engine/match-context.ts'
import type {Alert} from '../../schema/alert.ts'
import type {ByteString} from '../../schema/bytes.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {readBootClock} from '../../sensor/boot-clock.ts'
import {RecordEvent} from '../../sensor/decoder.ts'
import type {ContainerInfo} from '../../state/containers/container-info.ts'
import type {AddressName} from '../../state/domain-names.ts'
import type {HostState} from '../../state/host-state.ts'
import {domainNamesIn} from '../domain-lookup.ts'
import {
  capturePlanOf,
  compileRuleSet,
  createRuleSetCache,
  engineRules,
  type RuleSet,
} from '../rule-set.ts'
import type {AlertChannel} from './alert-channel.ts'
import {DROP_RULE, DropWatch} from './drop-watch.ts'
import {followClock} from './follow-clock.ts'
import {type KernelSide, openKernelSide, readAllCounts, readSocketcalls} from './kernel-side.ts'
import {LateJudge} from './late-judge.ts'
import {fillState, liveState, mendState} from './live-state.ts'
import type {DetectionSummary, FromWorker, WorkerSetup} from './protocol.ts'
import {recordedPlan} from './recorded-plan.ts'
import {Recording} from './recording.ts'
import {summarize} from './summarize.ts'
import {AlertTally} from './tally.ts'

/** Longest sleep of the loop, and so the longest that an event waits, in milliseconds. */
const WAIT_MS = 10
/** Records handled before control messages get a look. */
const BATCH = 4096
/** How often clock and counters are looked at, in milliseconds. */
const LOOK_EVERY_MS = 1000
/** Records that wait in a lane this full may follow lost ones: the counters are looked at before they are judged. */
const WORRYING_FILL = 0.5
const LOOK_SOON_MS = 20

/** Sensor, state and engine on one thread: reads records, judges them, sends alerts. */
export class DetectionLoop {
  readonly #setup: WorkerSetup
  readonly #channel: AlertChannel
  readonly #send: (message: FromWorker) => void
  readonly #kernel: KernelSide
  readonly #state: HostState
  readonly #context: MatchContext
  readonly #engine: Engine
  readonly #late: LateJudge | undefined
  readonly #recording: Recording | undefined
  readonly #event: RecordEvent
  readonly #clock = {...readBootClock()}
  readonly #tally = new AlertTally()
  readonly #cache = createRuleSetCache()
  readonly #drops: DropWatch
  /** How the processes of the start were found. */
  readonly startScan: string
  #plan: CapturePlan
  #rules: RuleSet
  #generation: number
  #lookedMs = performance.now()
  /** Records of the state lane that were lost and whose effects were not looked for yet. */
  #unmended = 0
  #stateLost = 0
  /** Records of descriptors that were lost in the bulk lane. */
  #descriptorsLost = 0
  #mended = 0

  /**
   * Loads and attaches everything, reads the host's processes, and is armed when it returns.
   * @throws CodedError SENSOR_… or CAPTURE_… with nothing left in the kernel.
   */
  constructor(setup: WorkerSetup, channel: AlertChannel, send: (message: FromWorker) => void) {
    this.#setup = setup
    this.#channel = channel
    this.#send = send
    this.#generation = setup.generation
    this.#drops = new DropWatch(setup.drops, performance.now())
    this.#state = liveState(() => this.#clock.bootNs)
    this.#event = new RecordEvent(this.#clock)
    this.#context = new MatchContext(this.#state)
    const engine: EngineOptions<MatchContext> = {
      context: this.#context,
      binder: fieldBinder({hostname: setup.hostname}),
      hostname: setup.hostname,
      matching: setup.matching,
      runId: setup.runId,
      onAlert: alert => this.#take(alert),
    }
    this.#engine = new Engine(engine)
    this.#late = this.#lateJudge(engine)
    this.#rules = this.#compile(setup.files)
    this.#plan = this.#planOf(this.#rules)
    this.#kernel = openKernelSide(this.#plan, setup.hooks, setup.rings)
    try {
      this.#recording = this.#openRecording()
      this.#giveRules()
      this.#kernel.sensor.attach()
      // Attached first: what happens during the scan waits in the rings and is applied to what the scan found.
      const {bootNs} = this.#clock
      const {btf} = this.#kernel.setting
      const report = fillState(this.#state, this.#plan, bootNs, btf, this.#recording?.lists)
      const {threads, fds} = report.counts
      const because = report.reason === undefined ? '' : ` (${report.reason})`
      this.startScan = `${threads} threads and ${fds} descriptors from ${report.source}${because}`
      if (!report.kernelIds)
        this.#log(
          'warning',
          'processes of before the start are unknown: /proc numbers them its own way here',
        )
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Writing 8 bytes to this descriptor ends the wait of {@link DetectionLoop.turn}. */
  get wakeFd(): number {
    return this.#kernel.sensor.wakeFd
  }

  get ruleCount(): number {
    return this.#rules.rules.length
  }

  /** Kinds of record that are captured. */
  get kinds(): string[] {
    return [...this.#plan.kinds.keys()].map(index => CAPTURES[index]!.kind)
  }

  /** Places that programs are attached to. */
  get hooks(): string[] {
    return this.#kernel.sensor.hooks
  }

  /** Why these. */
  get hookReason(): string {
    return this.#kernel.hookReason
  }

  /** Waits for events, at most {@link WAIT_MS}, and handles a batch of them. */
  turn(): void {
    const {sensor} = this.#kernel
    if (sensor.backlogBytes === 0) sensor.wait(WAIT_MS)
    this.#lookAround()
    this.#handle(BATCH)
    this.#late?.expire()
    this.#channel.flush()
  }

  /** Makes the rules of these files the rules, in one step between two events. @throws CodedError; the old rules stay then. */
  setRules(files: readonly RuleFile[], generation: number): void {
    const rules = this.#compile(files)
    const plan = this.#planOf(rules)
    this.#kernel.sensor.install(kernelPrograms(plan, this.#kernel.setting))
    this.#state.setNeeds(plan)
    this.#rules = rules
    this.#plan = plan
    this.#generation = generation
    this.#giveRules()
  }

  /** The answer for a container that was asked for. */
  deliver(id: ByteString, info: ContainerInfo | undefined): void {
    if (info !== undefined) this.#recording?.container(info, BigInt(Date.now()) * 1_000_000n)
    this.#late?.deliver(id, info)
    if (this.#late?.isWaiting === false) this.#recording?.flush()
  }

  /** The addresses of the domain names that the rules ask for. */
  nameAddresses(entries: readonly AddressName[]): void {
    this.#state.domainNames.set(entries)
  }

  /** Detaches everything, handles what has happened up to then, and says what was seen and missed. */
  stop(): DetectionSummary {
    try {
      const {hooks} = this
      this.#kernel.sensor.detach()
      while (this.#handle(BATCH) > 0) this.#channel.flush()
      this.#late?.flush()
      this.#channel.flush()
      return this.#summary(hooks)
    } finally {
      this.close()
    }
  }

  close(): void {
    this.#recording?.close()
    this.#kernel.sensor.close()
  }

  #compile(files: readonly RuleFile[]): RuleSet {
    return compileRuleSet(files, this.#setup.ruleOptions, this.#cache)
  }

  #planOf(rules: RuleSet): CapturePlan {
    const {entryCopies, kernelFilter, record} = this.#setup
    // A recording is to hold more than what rules match.
    if (record !== undefined) return recordedPlan(capturePlanOf(rules, {entryCopies}))
    return capturePlanOf(rules, {entryCopies, kernelFilter})
  }

  #giveRules(): void {
    const rules = engineRules(this.#rules)
    this.#engine.setRules(rules, this.#generation)
    this.#late?.setRules(rules, this.#generation)
    const names = new Set(rules.flatMap(({condition}) => domainNamesIn(condition)))
    this.#send({type: 'names', names: [...names]})
  }

  #lateJudge(engine: EngineOptions<MatchContext>): LateJudge | undefined {
    const waitMs = this.#setup.containerWaitMs
    if (waitMs === undefined) return undefined
    return new LateJudge({
      engine,
      waitMs,
      ask: request => this.#send({type: 'container', request}),
      onMatched: kindIndex => this.#tally.matched(kindIndex),
    })
  }

  #openRecording(): Recording | undefined {
    const {record} = this.#setup
    return record && new Recording(record.path, error => this.#log('error', error.message))
  }

  #handle(limit: number): number {
    const event = this.#event
    return this.#kernel.sensor.read((bytes, start, length) => {
      event.moveTo(bytes, start, length)
      this.#context.begin(event)
      this.#judge(event.kindIndex)
      this.#context.end()
    }, limit)
  }

  #judge(kindIndex: number): void {
    this.#tally.read(kindIndex)
    const isHeld = this.#late?.holds(kindIndex) === true
    const alerts = isHeld ? 0 : this.#engine.judge()
    if (alerts > 0) this.#tally.matched(kindIndex)
    if (this.#recording === undefined) return
    const wanted =
      this.#setup.record?.events === 'captured' ||
      alerts > 0 ||
      isHeld ||
      CAPTURES[kindIndex]!.state !== undefined
    if (!wanted) return
    const isStateOnly = !this.#plan.asked.has(kindIndex)
    this.#recording.take(this.#context.scope, isStateOnly, this.#late?.isWaiting === true)
  }

  #take(alert: Alert): void {
    if (this.#setup.record?.events === 'matching') return
    this.#tally.alert(alert)
    this.#channel.push(this.#unmended > 0 ? {...alert, incomplete: ['state']} : alert)
  }

  /** Now and then: follows a clock that was set, tells of losses, and mends the state after them. */
  #lookAround(): void {
    const now = performance.now()
    const isFull = this.#kernel.sensor.fill > WORRYING_FILL
    if (now - this.#lookedMs < (isFull ? LOOK_SOON_MS : LOOK_EVERY_MS)) return
    this.#lookedMs = now
    followClock(this.#clock, readBootClock())
    this.#lookAtDrops(now)
    if (this.#unmended === 0 || this.#kernel.sensor.backlogBytes > 0) return
    this.#mended += mendState(this.#state, this.#clock.bootNs)
    this.#state.doubtDescriptors()
    this.#unmended = 0
  }

  #lookAtDrops(nowMs: number): void {
    let [seen, full, tooLarge, stateLost, descriptorsLost] = [0, 0, 0, 0, 0]
    for (const [index, counts] of readAllCounts(this.#kernel.sensor)) {
      seen += counts.seen
      full += counts.full
      tooLarge += counts.tooLarge
      const capture = CAPTURES[index]!
      if (laneOf(capture) === 'state') stateLost += counts.full + counts.tooLarge
      else if (capture.state === 'fds') descriptorsLost += counts.full + counts.tooLarge
    }
    if (stateLost > this.#stateLost || descriptorsLost > this.#descriptorsLost)
      this.#state.doubtDescriptors()
    this.#unmended += stateLost - this.#stateLost
    this.#stateLost = stateLost
    this.#descriptorsLost = descriptorsLost
    const lost = {ring_full: full, too_large: tooLarge, alert_backlog_full: this.#channel.refused}
    const report = this.#drops.check({seen, lost}, nowMs)
    if (report === undefined) return
    const {actions} = this.#setup.drops
    if (actions.includes('log')) this.#log('warning', report.text)
    if (!actions.includes('alert')) return
    this.#take({
      id: `${this.#setup.runId}-drops-${Math.round(nowMs)}`,
      timeNs: BigInt(Date.now()) * 1_000_000n,
      hostname: this.#setup.hostname,
      rule: DROP_RULE,
      priority: 'Warning',
      source: 'internal',
      tags: [],
      message: report.text,
      fields: report.fields,
      generation: this.#generation,
    })
  }

  #log(level: 'warning' | 'error', text: string): void {
    this.#send({type: 'log', level, text})
  }

  #summary(hooks: readonly string[]): DetectionSummary {
    return summarize({
      counts: readAllCounts(this.#kernel.sensor),
      socketcalls: readSocketcalls(this.#kernel.sensor),
      tally: this.#tally,
      state: this.#state,
      mended: this.#mended,
      refusedAlerts: this.#channel.refused,
      containers: this.#late?.counts ?? {},
      recording: this.#recording?.close(),
      hooks,
      rules: this.ruleCount,
      generation: this.#generation,
    })
  }
}
