import {capturePrograms} from '../../compiler/bpf/capture.ts'
import type {CapturePlan} from '../../compiler/bpf/capture-plan.ts'
import {
  captureMaps,
  entryPrograms,
  type HostFacts,
  MAP_NAME,
  SOCKETCALL_COUNTER,
} from '../../compiler/bpf/tracepoint-entries.ts'
import type {RuleFile} from '../../compiler/rules/load.ts'
import {Engine} from '../../engine/engine.ts'
import {liveBinder} from '../../engine/fields/live-binder.ts'
import {MatchContext} from '../../engine/match-context.ts'
import type {Alert} from '../../schema/alert.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {readBootClock} from '../../sensor/boot-clock.ts'
import {checkKernel} from '../../sensor/capabilities.ts'
import {RecordEvent} from '../../sensor/decoder.ts'
import {ownKernelPid} from '../../sensor/own-process.ts'
import {Sensor} from '../../sensor/sensor.ts'
import {HostState} from '../../state/host-state.ts'
import {Users} from '../../state/users.ts'
import {
  capturePlanOf,
  compileRuleSet,
  createRuleSetCache,
  engineRules,
  type RuleSet,
} from '../rule-set.ts'
import type {AlertChannel} from './alert-channel.ts'
import type {DetectionSummary, KindCounts, WorkerSetup} from './protocol.ts'

/** Longest sleep of the loop, and so the longest that an event waits, in milliseconds. */
const WAIT_MS = 10
/** Records handled before control messages get a look. */
const BATCH = 4096
/** A wall clock that moved by more than this was set. */
const CLOCK_STEP_NS = 1_000_000n
const CLOCK_CHECK_MS = 1000
const MAX_THREADS = 262_144

/** Sensor, state and engine on one thread: reads records, judges them, sends alerts. */
export class DetectionLoop {
  readonly #setup: WorkerSetup
  readonly #channel: AlertChannel
  readonly #host: HostFacts
  readonly #sensor: Sensor
  readonly #state: HostState
  readonly #engine: Engine
  readonly #event: RecordEvent
  readonly #clock = {...readBootClock()}
  readonly #matched: number[] = CAPTURES.map(() => 0)
  readonly #read: number[] = CAPTURES.map(() => 0)
  readonly #cache = createRuleSetCache()
  readonly #byRule = new Map<string, number>()
  readonly #byPriority = new Map<string, number>()
  #plan: CapturePlan
  #rules: RuleSet
  #generation: number
  #alerts = 0
  #clockCheckedMs = 0

  /**
   * Loads and attaches everything, reads the host's processes, and is armed when it returns.
   * @throws CodedError SENSOR_… with nothing left in the kernel.
   */
  constructor(setup: WorkerSetup, channel: AlertChannel) {
    this.#setup = setup
    this.#channel = channel
    this.#generation = setup.generation
    const btf = checkKernel()
    this.#host = {btf, selfPid: ownKernelPid()}
    this.#state = new HostState({
      procRoot: '/proc',
      maxThreads: MAX_THREADS,
      bootNs: () => this.#clock.bootNs,
    })
    this.#event = new RecordEvent(this.#clock)
    const environment = {hostname: setup.hostname, users: new Users(() => performance.now())}
    this.#engine = new Engine({
      context: new MatchContext(this.#state),
      binder: liveBinder(environment),
      hostname: setup.hostname,
      matching: setup.matching,
      runId: setup.runId,
      onAlert: alert => this.#take(alert),
    })
    this.#rules = this.#compile(setup.files)
    this.#plan = capturePlanOf(this.#rules)
    this.#sensor = Sensor.open({
      maps: captureMaps(setup.ringBytes),
      entries: entryPrograms(this.#host),
      ring: MAP_NAME.events,
      active: MAP_NAME.active,
      btf,
    })
    try {
      this.#install(this.#plan)
      this.#engine.setRules(engineRules(this.#rules), this.#generation)
      this.#sensor.attach()
      // Attached first: what happens during the scan waits in the ring and is applied to what the scan found.
      this.#state.scan({fds: this.#plan.fds, env: this.#plan.env})
    } catch (error) {
      this.#sensor.close()
      throw error
    }
  }

  /** Writing 8 bytes to this descriptor ends the wait of {@link DetectionLoop.turn}. */
  get wakeFd(): number {
    return this.#sensor.wakeFd
  }

  get ruleCount(): number {
    return this.#rules.rules.length
  }

  /** Kinds of record that are captured. */
  get kinds(): string[] {
    return [...this.#plan.kinds.keys()].map(index => CAPTURES[index]!.kind)
  }

  /** Tracepoints that programs are attached to. */
  get hooks(): string[] {
    return entryPrograms(this.#host).map(({attach}) => `tp_btf/${attach.tracepoint}`)
  }

  /** Waits for events, at most {@link WAIT_MS}, and handles a batch of them. */
  turn(): void {
    if (this.#sensor.backlogBytes === 0) this.#sensor.wait(WAIT_MS)
    this.#checkClock()
    this.#handle(BATCH)
    this.#channel.flush()
  }

  /** Makes the rules of these files the rules, in one step between two events. @throws CodedError; the old rules stay then. */
  setRules(files: readonly RuleFile[], generation: number): void {
    const rules = this.#compile(files)
    const plan = capturePlanOf(rules)
    this.#install(plan)
    this.#state.setNeeds({fds: plan.fds, env: plan.env})
    this.#engine.setRules(engineRules(rules), generation)
    this.#rules = rules
    this.#plan = plan
    this.#generation = generation
  }

  /** Detaches everything, handles what has happened up to then, and says what was seen and missed. */
  stop(): DetectionSummary {
    try {
      this.#sensor.detach()
      while (this.#handle(BATCH) > 0) this.#channel.flush()
      this.#channel.flush()
      return this.#summary()
    } finally {
      this.#sensor.close()
    }
  }

  close(): void {
    this.#sensor.close()
  }

  #compile(files: readonly RuleFile[]): RuleSet {
    return compileRuleSet(files, this.#setup.ruleOptions, this.#cache)
  }

  #install(plan: CapturePlan): void {
    this.#sensor.install(
      [...plan.kinds].flatMap(([index, request]) => capturePrograms(index, request, this.#host)),
    )
  }

  #handle(limit: number): number {
    const event = this.#event
    return this.#sensor.read((bytes, start, length) => {
      event.moveTo(bytes, start, length)
      this.#read[event.kindIndex]!++
      if (this.#engine.process(event) > 0) this.#matched[event.kindIndex]!++
    }, limit)
  }

  #take(alert: Alert): void {
    this.#alerts++
    this.#byRule.set(alert.rule, (this.#byRule.get(alert.rule) ?? 0) + 1)
    this.#byPriority.set(alert.priority, (this.#byPriority.get(alert.priority) ?? 0) + 1)
    this.#channel.push(alert)
  }

  #checkClock(): void {
    const now = performance.now()
    if (now - this.#clockCheckedMs < CLOCK_CHECK_MS) return
    this.#clockCheckedMs = now
    const {bootNs} = readBootClock()
    const moved = bootNs - this.#clock.bootNs
    if (moved > CLOCK_STEP_NS || moved < -CLOCK_STEP_NS) this.#clock.bootNs = bootNs
  }

  #summary(): DetectionSummary {
    const byKind: Record<string, KindCounts> = {}
    let full = 0
    for (const [index, {kind}] of CAPTURES.entries()) {
      const [seen = 0n, dropped = 0n] = this.#sensor.sum(MAP_NAME.counters, index)
      full += Number(dropped)
      if (seen === 0n) continue
      byKind[kind] = {
        seen: Number(seen),
        passed: this.#read[index]!,
        dropped: Number(dropped),
        matched: this.#matched[index]!,
      }
    }
    return {
      alerts: this.#alerts,
      byRule: Object.fromEntries(this.#byRule),
      byPriority: Object.fromEntries(this.#byPriority),
      byKind,
      drops: {ring_full: full, alert_backlog_full: this.#channel.refused},
      socketcalls: Number(this.#sensor.sum(MAP_NAME.counters, SOCKETCALL_COUNTER)[0] ?? 0n),
      evictedThreads: this.#state.table.evicted,
      unknownThreads: this.#state.unknownThreads,
      hooks: this.hooks,
      rules: this.ruleCount,
      generation: this.#generation,
    }
  }
}
