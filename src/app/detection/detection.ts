import {writeSync} from 'node:fs'
import {extname} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {Worker} from 'node:worker_threads'
import type {ProgramImage} from '../../bpf/program-image.ts'
import type {MapSpec} from '../../bpf/specs.ts'
import {captureMaps} from '../../compiler/bpf/capture-maps.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {Log} from '../../diagnostics/log.ts'
import {monotonicMs} from '../../diagnostics/monotonic.ts'
import type {EngineRule} from '../../engine/engine.ts'
import type {Alert} from '../../schema/alert.ts'
import type {ByteString} from '../../schema/bytes.ts'
import type {ProbeImage} from '../../sensor/probes/probe.ts'
import {loadingText} from '../../sensor/program.ts'
import type {ContainerInfo} from '../../state/containers/container-info.ts'
import type {ContainerRequest} from '../../state/containers/container-table.ts'
import type {AddressName} from '../../state/domain-names.ts'
import type {LedgerChange} from '../ledger/ledger.ts'
import {refusalHint} from '../program-check/both-logs.ts'
import {type ProgramCheck, startProgramCheck} from '../program-check/program-check.ts'
import {returnCredit} from './alert-channel.ts'
import {filterRateOf} from './losses/filter-rate.ts'
import type {
  DetectionStatus,
  DetectionSummary,
  FromWorker,
  ThreadTimes,
  ToWorker,
  WorkerError,
  WorkerSetup,
} from './protocol.ts'
import {
  CapturePreparation,
  type CaptureSettings,
  type Refinement,
} from './rules/capture-preparation.ts'
import {packRules, type RuleBundle, standInsOf, withoutFilters} from './rules/rule-transfer.ts'

/** What a running detection tells. */
export interface DetectionEvents {
  readonly onAlert: (alert: Alert) => void
  /** The worker ended although nobody asked it to. Everything is detached. */
  readonly onFailure: (error: CodedError) => void
  /** Somebody is to find out what a container is, and to say it by `deliverContainer`. */
  readonly onContainer: (request: ContainerRequest) => void
  /** The addresses of these domain names are to be given by `nameAddresses`; replaces what was asked before. */
  readonly onNames: (names: readonly ByteString[]) => void
  readonly onLog: Log
  /** What was missed since the last call. Left out: nobody keeps a ledger. */
  readonly onMissed?: (changes: readonly LedgerChange[]) => void
}

/** What is known once detection is armed. */
export interface ArmedDetection {
  readonly rules: number
  readonly kinds: readonly string[]
  readonly hooks: readonly string[]
  /** Why these hooks. */
  readonly hookReason: string
  /** How the processes of the start were found. */
  readonly startScan: string
}

/** When new rules took effect. */
export interface RulesActive {
  readonly generation: number
  readonly rules: number
  readonly times: ReloadTimes
}

/** What a reload takes from checked rules on, in its order, in milliseconds. */
export interface ReloadTimes extends ThreadTimes {
  readonly planMs: number
  readonly emitMs: number
  /** Finding what of the rules and programs is new. */
  readonly packMs: number
}

/** What a detection is started with. */
export interface DetectionSetup
  extends Omit<WorkerSetup, 'credit' | 'filterRate' | 'rules' | 'kernel'>,
    Omit<CaptureSettings, 'recorded'> {
  readonly rules: readonly EngineRule[]
}

/** A status with what had been received when it came. */
export interface ReceivedStatus extends DetectionStatus {
  /** Alerts that the detection thread had sent. */
  readonly received: number
}

/** What the owner of a running detection may ask of it. */
export type RunningDetection = Pick<
  Detection,
  'setRules' | 'deliverContainer' | 'nameAddresses' | 'status' | 'stop'
>

/**
 * Filtered records a second up to which new filters may come a moment after the rules: loading them takes a few tenths of a
 * second, and this rate fills less than a tenth of the default ring in that time. Above it rules wait for their filters.
 */
const CALM_RATE = 10_000

/** How long filtered records are counted before rules change, in milliseconds: a flood may have begun since the last look. */
const SAMPLE_MS = 5

type FromReload = Extract<FromWorker, {type: 'rulesActive'}>

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: CodedError) => void
}

/** The main thread's handle of the detection worker. */
export class Detection {
  readonly #worker: Worker
  readonly #credit: SharedArrayBuffer
  readonly #events: DetectionEvents
  readonly #filterRate = new SharedArrayBuffer(4)
  #isPreparing = false
  readonly #preparation: CapturePreparation
  readonly #check: ProgramCheck
  /** What the worker has. */
  #bundle: RuleBundle
  /** What it loads, or loaded last. */
  #loading: readonly ProgramImage[]
  readonly #maps: readonly MapSpec[]
  #reload: Waiter<FromReload> | undefined
  #armed: Waiter<ArmedDetection> | undefined
  #stopped: Waiter<DetectionSummary> | undefined
  #stopping: Promise<DetectionSummary> | undefined
  #status:
    | {readonly answer: Promise<ReceivedStatus>; readonly waiter: Waiter<ReceivedStatus>}
    | undefined
  #received = 0
  #wakeFd = -1
  #ended = false

  private constructor(
    {rules, hooks, rings, entryCopies, kernelFilter, ...setup}: DetectionSetup,
    events: DetectionEvents,
    armed: Waiter<ArmedDetection>,
  ) {
    const recorded = setup.record !== undefined
    this.#preparation = new CapturePreparation({hooks, rings, entryCopies, kernelFilter, recorded})
    const {plan, programs, accept} = this.#preparation.prepare(rules)
    this.#bundle = {rules, plan, programs}
    this.#loading = programs
    this.#maps = captureMaps(rings)
    accept()
    this.#check = startProgramCheck(this.#maps, ({name, refusal, file}) => {
      const where = file === undefined ? '' : `; both logs are in ${file}, please report them`
      events.onLog(
        'error',
        `our verifier refuses program ${name}, which the kernel took: ${refusal}${where}`,
      )
    })
    this.#credit = new SharedArrayBuffer(4)
    this.#events = events
    this.#armed = armed
    this.#worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: {
        ...setup,
        rules: packRules(this.#bundle),
        kernel: this.#preparation.choice,
        kernelFilter,
        credit: this.#credit,
        filterRate: this.#filterRate,
      } satisfies WorkerSetup,
      // Descriptors of maps, programs and links are closed by their owners, which Node does not know of.
      trackUnmanagedFds: false,
    })
    this.#worker.on('message', (message: FromWorker) => this.#receive(message))
    this.#worker.on('error', error =>
      this.#fail(new CodedError('INTERNAL', error.message, {cause: error})),
    )
    this.#worker.on('exit', () =>
      this.#fail(new CodedError('INTERNAL', 'the detection thread ended')),
    )
  }

  /** Starts the worker; resolves when detection is armed. Rejects with the reason when it cannot be. */
  static async start(
    setup: DetectionSetup,
    events: DetectionEvents,
  ): Promise<{readonly detection: RunningDetection; readonly armed: ArmedDetection}> {
    let detection: Detection | undefined
    const armed = await new Promise<ArmedDetection>((resolve, reject) => {
      detection = new Detection(setup, events, {resolve, reject})
    })
    return {detection: detection!, armed}
  }

  /**
   * Makes these the rules, in one step; one call at a time. Rejects when they cannot be; the old ones stay then. Only what is
   * new of rules and programs reaches the detection thread. New filters follow: until they are loaded, more records leave the kernel.
   */
  async setRules(
    rules: readonly EngineRule[],
    generation: number,
    probes?: readonly ProbeImage[],
  ): Promise<RulesActive> {
    if (this.#ended || this.#stopping !== undefined)
      throw new CodedError('INTERNAL', 'detection is ending')
    if (this.#reload !== undefined || this.#isPreparing)
      throw new Error('rules are being changed already')
    this.#isPreparing = true
    const inHaste = await this.#isCalm().finally(() => {
      this.#isPreparing = false
    })
    const {plan, programs, refine, accept, planMs, emitMs} = this.#preparation.prepare(rules, {
      inHaste,
    })
    const began = monotonicMs()
    const transfer = packRules({rules, plan, programs}, this.#bundle)
    const sentAtMs = monotonicMs()
    this.#loading = programs
    const active = await new Promise<FromReload>((resolve, reject) => {
      this.#reload = {resolve, reject}
      this.#tell({
        type: 'rules',
        rules: transfer,
        generation,
        ...(probes && {probes}),
        sentAtMs,
      })
    })
    accept()
    const standIns = standInsOf(programs, this.#bundle.standIns)
    this.#bundle = {rules, plan, programs, standIns}
    if (refine !== undefined) this.#refine(refine)
    this.#check.check(this.#bundle.programs)
    const times = {planMs, emitMs, packMs: sentAtMs - began, ...active.times}
    return {generation, rules: active.rules, times}
  }

  /** Whether few records stay in the kernel now: what would come out if filters were missing for a moment. */
  async #isCalm(): Promise<boolean> {
    if (filterRateOf(this.#filterRate) >= CALM_RATE) return false
    try {
      const filtered = async (): Promise<number> =>
        Object.values((await this.status()).byKind).reduce((sum, kind) => sum + kind.filtered, 0)
      const [before, begun] = [await filtered(), monotonicMs()]
      await pause(SAMPLE_MS)
      const more = (await filtered()) - before
      return (more * 1000) / Math.max(SAMPLE_MS, monotonicMs() - begun) < CALM_RATE
    } catch {
      // Detection that does not answer is not calm; what ails it is told elsewhere.
      return false
    }
  }

  /** Lets the filters follow. The rules are in force already: without their filters when these cannot be made. */
  #refine(refine: () => Refinement): void {
    try {
      const {plan, programs, better, needless} = refine()
      this.#bundle = {...this.#bundle, plan, programs}
      this.#tellLater({type: 'refinement', plan: withoutFilters(plan), better, needless})
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#events.onLog(
        'error',
        `new rules have no filters, so more events leave the kernel: ${reason}`,
      )
    }
  }

  /** The answer to `onContainer`; undefined when nobody knows the container. */
  deliverContainer(id: ByteString, info: ContainerInfo | undefined): void {
    this.#tellLater({type: 'container', id, info})
  }

  /** The answer to `onNames`. */
  nameAddresses(entries: readonly AddressName[]): void {
    this.#tellLater({type: 'addresses', entries})
  }

  /**
   * What was seen and missed up to now. Who asks while a question is under way shares its answer, so that asking often costs
   * little. Rejects when detection ends first; waits as long as the detection thread is busy.
   */
  status(): Promise<ReceivedStatus> {
    if (this.#status !== undefined) return this.#status.answer
    if (this.#ended || this.#stopping !== undefined)
      return Promise.reject(new CodedError('INTERNAL', 'detection is ending'))
    let waiter!: Waiter<ReceivedStatus>
    const answer = new Promise<ReceivedStatus>((resolve, reject) => {
      waiter = {resolve, reject}
    })
    this.#status = {answer, waiter}
    this.#tell({type: 'status'})
    return answer
  }

  /** Judges what has happened up to now, detaches everything, and gives the summary. */
  stop(): Promise<DetectionSummary> {
    this.#stopping ??= new Promise((resolve, reject) => {
      if (this.#ended) return reject(new CodedError('INTERNAL', 'detection has ended already'))
      this.#stopped = {resolve, reject}
      this.#tell({type: 'stop'})
    })
    return this.#stopping
  }

  /** For answers that may come after the worker has closed the descriptor that wakes it: it wants them no more then. */
  #tellLater(message: ToWorker): void {
    if (!this.#ended && this.#stopping === undefined) this.#tell(message)
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message)
    const one = Buffer.alloc(8)
    one.writeBigUInt64LE(1n)
    writeSync(this.#wakeFd, one)
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'armed':
        this.#wakeFd = message.wakeFd
        this.#armed?.resolve(message)
        this.#armed = undefined
        this.#check.check(this.#bundle.programs)
        return
      case 'alerts':
        this.#received += message.alerts.length
        for (const alert of message.alerts) this.#events.onAlert(alert)
        returnCredit(this.#credit, message.alerts.length)
        return
      case 'container':
        this.#events.onContainer(message.request)
        return
      case 'names':
        this.#events.onNames(message.names)
        return
      case 'log':
        this.#events.onLog(message.level, message.text)
        return
      case 'rulesActive':
        this.#reload?.resolve(message)
        this.#reload = undefined
        return
      case 'rulesRefused':
        this.#reload?.reject(this.#explained(message.error))
        this.#reload = undefined
        return
      case 'missed':
        this.#events.onMissed?.(message.changes)
        return
      case 'status':
        this.#status?.waiter.resolve({...message.status, received: this.#received})
        this.#status = undefined
        return
      case 'stopped':
        this.#ended = true
        void this.#check.stop()
        this.#status?.waiter.reject(new CodedError('INTERNAL', 'detection is ending'))
        this.#status = undefined
        this.#stopped?.resolve(message.summary)
        return
      case 'failed':
        this.#fail(this.#explained(message.error))
    }
  }

  /** An error of the worker; where the kernel refused a program, with a file of what our verifier says of it too. */
  #explained(error: WorkerError): CodedError {
    const {kernelLog, message} = error
    if (kernelLog === undefined) return codedError(error)
    const image = this.#loading.find(
      each => 'code' in each && message.startsWith(`${loadingText(each.name)}:`),
    )
    const hint = image && refusalHint(image, this.#maps, kernelLog)
    return codedError(hint === undefined ? error : {...error, hint})
  }

  /** Tells whoever waits, or else the owner, that the worker is gone. The first reason counts. */
  #fail(error: CodedError): void {
    if (this.#ended) return
    this.#ended = true
    void this.#check.stop()
    this.#reload?.reject(error)
    this.#reload = undefined
    this.#status?.waiter.reject(error)
    this.#status = undefined
    if (this.#armed !== undefined) this.#armed.reject(error)
    else if (this.#stopped !== undefined) this.#stopped.reject(error)
    else this.#events.onFailure(error)
  }
}

function codedError({code, message, hint, stack}: WorkerError): CodedError {
  const details = {...(hint !== undefined && {hint}), ...(stack !== undefined && {log: stack})}
  return new CodedError(code, message, details)
}
