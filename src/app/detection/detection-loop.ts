import type {CapturePlan} from '../../compiler/bpf/capture-plan.ts'
import {monotonicMs} from '../../diagnostics/monotonic.ts'
import {Engine, type EngineOptions, type EngineRule} from '../../engine/engine.ts'
import {fieldBinder} from '../../engine/field-binder.ts'
import {MatchContext} from '../../engine/match-context.ts'
import type {Alert} from '../../schema/alert.ts'
import type {ByteString} from '../../schema/bytes.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {readBootClock} from '../../sensor/boot-clock.ts'
import {RecordEvent} from '../../sensor/decoder.ts'
import type {LaneMark} from '../../sensor/lanes.ts'
import type {BpfMap} from '../../sensor/map.ts'
import type {ProbeImage} from '../../sensor/probes/probe.ts'
import type {OpenedProbes} from '../../sensor/probes/probe-set.ts'
import type {InstallReport} from '../../sensor/sensor.ts'
import type {ContainerInfo} from '../../state/containers/container-info.ts'
import type {AddressName} from '../../state/domain-names.ts'
import type {StateNeeds} from '../../state/host-lookup.ts'
import type {HostState} from '../../state/host-state.ts'
import {domainNamesIn} from '../domain-lookup.ts'
import {rulesAsking} from '../ledger/affected-rules.ts'
import type {AlertChannel} from './alert-channel.ts'
import {DescriptorBits} from './bits/descriptor-bits.ts'
import {ProcessBits} from './bits/process-bits.ts'
import {followClock} from './follow-clock.ts'
import {type KernelSide, loadKernelSide, readAllCounts, readSocketcalls} from './kernel-side.ts'
import {LateJudge} from './late-judge.ts'
import {fillState, liveState, mendState, neededBy, scanText} from './live-state.ts'
import {detectionStatus} from './live-status.ts'
import {LossWatch} from './losses/loss-watch.ts'
import {ProbeJudge} from './probe-judge.ts'
import type {
  DetectionStatus,
  DetectionSummary,
  FromWorker,
  ThreadTimes,
  ToWorker,
  WorkerSetup,
} from './protocol.ts'
import {Recording} from './recording.ts'
import {type Generation, Generations} from './rules/generations.ts'
import {type RuleTransfer, unpackedRules} from './rules/rule-transfer.ts'
import {type SummaryParts, summarize} from './summarize.ts'
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
/** Rule sets that are kept at most while records of them wait; before one more, records are handled until the oldest is over. */
const MAX_LIVING = 16

/** Rules with what is captured for them. */
interface RunningRules extends Generation {
  readonly rules: readonly EngineRule[]
  /** Changes once when filters follow the rules. */
  plan: CapturePlan
}

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
  readonly #bits: ProcessBits
  readonly #fdBits: DescriptorBits
  readonly #recording: Recording | undefined
  readonly #probes: ProbeJudge
  readonly #event: RecordEvent
  readonly #clock = {...readBootClock()}
  readonly #tally = new AlertTally()
  readonly #losses: LossWatch
  /** How the processes of the start were found. */
  readonly startScan: string
  readonly #generations: Generations<RunningRules, LaneMark>
  #lookedMs = performance.now()

  /**
   * Loads and attaches everything, reads the host's processes, and is armed when it returns.
   * @throws CodedError SENSOR_… or CAPTURE_… with nothing left in the kernel.
   */
  constructor(setup: WorkerSetup, channel: AlertChannel, send: (message: FromWorker) => void) {
    this.#setup = setup
    this.#channel = channel
    this.#send = send
    this.#state = liveState(() => this.#clock.bootNs)
    this.#losses = new LossWatch({
      setup,
      send,
      state: this.#state,
      parts: () => this.#parts(),
      onAlert: alert => this.#take(alert),
    })
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
    this.#probes = new ProbeJudge({
      clock: this.#clock,
      context: this.#context,
      engine: this.#engine,
      late: this.#late,
      onRefusal: reason => this.#log('error', `${reason}; detection goes on without it`),
    })
    const {generation} = setup
    const {plan, programs} = setup.rules
    const first = {generation, rules: unpackedRules(setup.rules), plan}
    this.#generations = new Generations<RunningRules, LaneMark>(first)
    this.#kernel = loadKernelSide(programs, setup.kernel, generation)
    const map = (name: string): BpfMap => this.#kernel.sensor.map(name)
    this.#bits = new ProcessBits({state: this.#state, binder: engine.binder, map})
    this.#fdBits = new DescriptorBits(engine.binder, map)
    try {
      this.#bits.announce(generation, plan)
      this.#bits.follow(plan)
      this.#fdBits.follow(plan)
      this.#recording = this.#openRecording()
      this.#addToEngines(first)
      this.#tellRules()
      this.#kernel.sensor.attach()
      this.#probes.use(this.#probes.open(setup.probes ?? []), generation)
      // Attached first: what happens during the scan waits in the rings and is applied to what the scan found.
      const {bootNs} = this.#clock
      const {btf} = this.#kernel.setting
      const report = fillState(this.#state, this.#plan, bootNs, btf, this.#recording?.lists)
      this.startScan = scanText(report)
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
    return this.#rules.length
  }

  /** Kinds of record that are captured. */
  get kinds(): string[] {
    return [...this.#plan.kinds.keys()].map(index => CAPTURES[index]!.kind)
  }

  /** Places that programs are attached to. */
  get hooks(): string[] {
    return [...this.#kernel.sensor.hooks, ...this.#probes.hooks]
  }

  /** Why these. */
  get hookReason(): string {
    return this.#kernel.hookReason
  }

  /** Waits for events, at most {@link WAIT_MS}, and handles a batch of them. */
  turn(): void {
    const {sensor} = this.#kernel
    if (sensor.backlogBytes === 0) sensor.wait(sensor.hasRefinements ? 0 : WAIT_MS)
    // A look takes its time, and more when the process is stopped meanwhile: what was lost since is not to go unsaid.
    if (this.#lookAround()) this.#lookAround()
    this.#handle(BATCH)
    this.#late?.expire()
    this.#channel.flush()
    if (sensor.hasRefinements) this.#refineNext()
  }

  /** Takes what follows rules that came into force without their filters. A program is loaded in each turn: some ten milliseconds. */
  refine({plan, better, needless}: Extract<ToWorker, {type: 'refinement'}>): void {
    const {newest} = this.#generations
    newest.plan = plan
    // No program in force asks for what has another meaning now: those of kinds that changed ask for nothing.
    this.#bits.announce(newest.generation, plan)
    this.#bits.follow(plan)
    this.#fdBits.follow(plan)
    this.#kernel.sensor.remove(needless)
    this.#kernel.sensor.addRefinements(better)
  }

  /**
   * Makes these the rules, in one step: events that were captured before it are judged by the rules before.
   * @param probes - replace those before; left out: these stay
   * @throws CodedError; nothing has changed then.
   */
  setRules(
    transfer: RuleTransfer,
    generation: number,
    probes?: readonly ProbeImage[],
  ): Omit<ThreadTimes, 'crossMs'> {
    const begun = monotonicMs()
    const {plan, programs} = transfer
    const next = {generation, rules: unpackedRules(transfer, this.#rules), plan}
    const {sensor} = this.#kernel
    if (generation !== sensor.generation + 1)
      throw new Error(`generation ${generation} cannot follow ${sensor.generation}`)
    while (this.#generations.living.length >= MAX_LIVING) this.#handle(BATCH)
    const unpackMs = monotonicMs() - begun
    this.#bits.announce(generation, plan)
    const opened = probes && this.#probes.open(probes)
    const {mark, loadMs, loaded, switchMs, activeAtMs} = this.#install(programs, opened)
    // The events of the new rules wait in the rings until they can be judged: matchers are made from rules that were checked, so
    // what could be refused is behind us.
    const installed = monotonicMs()
    // What probes have reported up to now is for the rules before.
    this.#probes.look(this.#generation)
    if (opened !== undefined) this.#probes.use(opened, this.#generation)
    this.#addToEngines(next)
    const engineMs = monotonicMs() - installed
    // Between the change in the kernel and the first record that is handled after it: what was read of the host then is as new as
    // the first record that tells of changes to it.
    const before = this.#plan
    const more = (['fds', 'everyFd', 'env'] as const).some(need => plan[need] && !before[need])
    if (more) this.#state.setNeeds(before)
    this.#generations.add(next, mark)
    this.#bits.follow(plan)
    this.#fdBits.follow(plan)
    this.#state.setNeeds(this.#needs)
    this.#tellRules()
    const afterMs = monotonicMs() - activeAtMs
    return {unpackMs, loadMs, loaded, switchMs, activeAtMs, engineMs, afterMs}
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
      this.#probes.detach()
      while (this.#handle(BATCH) > 0) this.#channel.flush()
      this.#late?.flush()
      this.#channel.flush()
      const parts = this.#losses.parts()
      this.#losses.tellMisses(parts)
      return summarize({...parts, recording: this.#recording?.close(), hooks})
    } finally {
      this.close()
    }
  }

  /** What was seen and missed up to now. Costs one look at each counter. */
  status(): DetectionStatus {
    const parts = this.#losses.parts()
    this.#losses.tellMisses(parts)
    return detectionStatus({
      ...parts,
      lanes: this.#kernel.sensor.lanes,
      backlog: this.#channel.backlog,
      stateWhole: this.#losses.isStateWhole,
      kernelFilter: this.#setup.kernelFilter && this.#setup.record === undefined,
    })
  }

  close(): void {
    this.#recording?.close()
    this.#probes.close()
    this.#kernel.sensor.close()
  }

  get #plan(): CapturePlan {
    return this.#generations.newest.plan
  }

  get #rules(): readonly EngineRule[] {
    return this.#generations.newest.rules
  }

  /** What any of the rules that may judge an event needs of the state. */
  get #needs(): StateNeeds {
    return neededBy(this.#generations.living.map(({plan}) => plan))
  }

  get #generation(): number {
    return this.#generations.newest.generation
  }

  #install(programs: RuleTransfer['programs'], opened: OpenedProbes | undefined): InstallReport {
    try {
      return this.#kernel.sensor.install(programs)
    } catch (error) {
      if (opened !== undefined) this.#probes.discard(opened)
      throw error
    }
  }

  #refineNext(): void {
    try {
      this.#kernel.sensor.refineNext()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log('error', `a filter was refused, so its events all leave the kernel: ${reason}`)
    }
  }

  #addToEngines({rules, generation}: RunningRules): void {
    this.#engine.addRules(rules, generation)
    this.#late?.addRules(rules, generation)
  }

  #dropFromEngines(generation: number): void {
    this.#engine.dropRules(generation)
    this.#late?.dropRules(generation)
  }

  /** Forgets the rules whose last record was handled, and what of the state only they needed. */
  #retire(): void {
    const over = this.#generations.retire(mark => this.#kernel.sensor.hasPassed(mark))
    if (over.length === 0) return
    for (const {generation} of over) this.#dropFromEngines(generation)
    this.#state.setNeeds(this.#needs)
    this.#tellNames()
  }

  #tellRules(): void {
    this.#losses.setRules(rulesAsking({rules: this.#rules}))
    this.#tellNames()
  }

  #tellNames(): void {
    const rules = this.#generations.living.flatMap(living => living.rules)
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
      onMatched: kindIndex =>
        kindIndex < 0 ? this.#probes.countLateMatch(kindIndex) : this.#tally.matched(kindIndex),
    })
  }

  #openRecording(): Recording | undefined {
    const {record} = this.#setup
    return record && new Recording(record.path, error => this.#log('error', error.message))
  }

  #handle(limit: number): number {
    const event = this.#event
    const probes = this.#probes
    const reported = probes.look(this.#generation)
    let isReported = probes.isWaiting
    const count = this.#kernel.sensor.read((bytes, start, length) => {
      event.moveTo(bytes, start, length)
      if (isReported) isReported = probes.judge(event.timeNs())
      this.#context.begin(event)
      this.#judge(event.kindIndex, this.#generations.of(event.generation))
      this.#bits.passed(event, this.#context.thread)
      this.#fdBits.passed(event, this.#context)
      this.#context.end()
    }, limit)
    // Else older events may still be in sight; and no record is to outlive its rules.
    if (count < limit || this.#generations.hasOld) probes.judge()
    this.#bits.settle()
    if (this.#generations.hasOld) this.#retire()
    return count + reported
  }

  #judge(kindIndex: number, {generation, plan}: RunningRules): void {
    this.#tally.read(kindIndex)
    const isHeld = this.#late?.holds(kindIndex, generation) === true
    const alerts = isHeld ? 0 : this.#engine.judge(generation)
    if (alerts > 0) this.#tally.matched(kindIndex)
    if (this.#recording === undefined) return
    const wanted =
      this.#setup.record?.events === 'captured' ||
      alerts > 0 ||
      isHeld ||
      CAPTURES[kindIndex]!.state !== undefined
    if (!wanted) return
    const isStateOnly = !plan.asked.has(kindIndex)
    this.#recording.take(this.#context.scope, isStateOnly, this.#late?.isWaiting === true)
  }

  #take(alert: Alert): void {
    if (this.#setup.record?.events === 'matching') return
    this.#tally.alert(alert)
    this.#channel.push(this.#losses.isStateWhole ? alert : {...alert, incomplete: ['state']})
  }

  /** Now and then: follows a clock that was set, tells of losses, and mends the state after them. False when it was not time. */
  #lookAround(): boolean {
    const now = performance.now()
    const isFull = this.#kernel.sensor.fill > WORRYING_FILL
    if (now - this.#lookedMs < (isFull ? LOOK_SOON_MS : LOOK_EVERY_MS)) return false
    this.#lookedMs = now
    followClock(this.#clock, readBootClock())
    this.#losses.look(now)
    if (this.#losses.isStateWhole || this.#kernel.sensor.backlogBytes > 0) return true
    this.#bits.mend(() => this.#losses.mended(mendState(this.#state, this.#clock.bootNs)))
    return true
  }

  #log(level: 'warning' | 'error', text: string): void {
    this.#send({type: 'log', level, text})
  }

  #parts(): Omit<SummaryParts, 'mended'> {
    return {
      counts: readAllCounts(this.#kernel.sensor),
      socketcalls: readSocketcalls(this.#kernel.sensor),
      tally: this.#tally,
      state: this.#state,
      refusedAlerts: this.#channel.refused,
      containers: this.#late?.counts ?? {},
      recording: undefined,
      hooks: this.hooks,
      rules: this.ruleCount,
      generation: this.#generation,
      probes: this.#probes.counts,
    }
  }
}
