import {writeSync} from 'node:fs'
import {extname} from 'node:path'
import {Worker} from 'node:worker_threads'
import type {RuleFile} from '../../compiler/rules/load.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {Log} from '../../diagnostics/log.ts'
import type {Alert} from '../../schema/alert.ts'
import type {ByteString} from '../../schema/bytes.ts'
import type {ContainerInfo} from '../../state/containers/container-info.ts'
import type {ContainerRequest} from '../../state/containers/container-table.ts'
import type {AddressName} from '../../state/domain-names.ts'
import {returnCredit} from './alert-channel.ts'
import type {DetectionSummary, FromWorker, ToWorker, WorkerError, WorkerSetup} from './protocol.ts'

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
  /** Time that the detection thread spent on it, in milliseconds. */
  readonly tookMs: number
}

/** What the owner of a running detection may ask of it. */
export type RunningDetection = Pick<
  Detection,
  'setRules' | 'deliverContainer' | 'nameAddresses' | 'stop'
>

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: CodedError) => void
}

/** The main thread's handle of the detection worker. */
export class Detection {
  readonly #worker: Worker
  readonly #credit: SharedArrayBuffer
  readonly #events: DetectionEvents
  readonly #reloads = new Map<number, Waiter<RulesActive>>()
  #armed: Waiter<ArmedDetection> | undefined
  #stopped: Waiter<DetectionSummary> | undefined
  #stopping: Promise<DetectionSummary> | undefined
  #wakeFd = -1
  #ended = false

  private constructor(setup: WorkerSetup, events: DetectionEvents, armed: Waiter<ArmedDetection>) {
    this.#credit = setup.credit
    this.#events = events
    this.#armed = armed
    this.#worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: setup,
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
    setup: Omit<WorkerSetup, 'credit'>,
    events: DetectionEvents,
  ): Promise<{readonly detection: RunningDetection; readonly armed: ArmedDetection}> {
    let detection: Detection | undefined
    const armed = await new Promise<ArmedDetection>((resolve, reject) => {
      const credit = new SharedArrayBuffer(4)
      detection = new Detection({...setup, credit}, events, {resolve, reject})
    })
    return {detection: detection!, armed}
  }

  /** Makes the rules of these files the rules, in one step. Rejects when they cannot be; the old ones stay then. */
  setRules(files: readonly RuleFile[], generation: number): Promise<RulesActive> {
    return new Promise((resolve, reject) => {
      if (this.#ended || this.#stopping !== undefined)
        return reject(new CodedError('INTERNAL', 'detection is ending'))
      this.#reloads.set(generation, {resolve, reject})
      this.#tell({type: 'rules', files, generation})
    })
  }

  /** The answer to `onContainer`; undefined when nobody knows the container. */
  deliverContainer(id: ByteString, info: ContainerInfo | undefined): void {
    this.#tellLater({type: 'container', id, info})
  }

  /** The answer to `onNames`. */
  nameAddresses(entries: readonly AddressName[]): void {
    this.#tellLater({type: 'addresses', entries})
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
        return
      case 'alerts':
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
        this.#reloads.get(message.generation)?.resolve(message)
        this.#reloads.delete(message.generation)
        return
      case 'rulesRefused':
        this.#reloads.get(message.generation)?.reject(codedError(message.error))
        this.#reloads.delete(message.generation)
        return
      case 'stopped':
        this.#ended = true
        this.#stopped?.resolve(message.summary)
        return
      case 'failed':
        this.#fail(codedError(message.error))
    }
  }

  /** Tells whoever waits, or else the owner, that the worker is gone. The first reason counts. */
  #fail(error: CodedError): void {
    if (this.#ended) return
    this.#ended = true
    for (const waiter of this.#reloads.values()) waiter.reject(error)
    this.#reloads.clear()
    if (this.#armed !== undefined) this.#armed.reject(error)
    else if (this.#stopped !== undefined) this.#stopped.reject(error)
    else this.#events.onFailure(error)
  }
}

function codedError({code, message, hint, stack}: WorkerError): CodedError {
  const details = {...(hint !== undefined && {hint}), ...(stack !== undefined && {log: stack})}
  return new CodedError(code, message, details)
}
