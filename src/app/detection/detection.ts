import {writeSync} from 'node:fs'
import {extname} from 'node:path'
import {Worker} from 'node:worker_threads'
import type {RuleFile} from '../../compiler/rules/load.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {Alert} from '../../schema/alert.ts'
import {returnCredit} from './alert-channel.ts'
import type {DetectionSummary, FromWorker, ToWorker, WorkerError, WorkerSetup} from './protocol.ts'

/** What a running detection tells. */
export interface DetectionEvents {
  readonly onAlert: (alert: Alert) => void
  /** The worker ended although nobody asked it to. Everything is detached. */
  readonly onFailure: (error: CodedError) => void
}

/** What is known once detection is armed. */
export interface ArmedDetection {
  readonly rules: number
  readonly kinds: readonly string[]
  readonly hooks: readonly string[]
}

/** When new rules took effect. */
export interface RulesActive {
  readonly generation: number
  readonly rules: number
  /** Time that the detection thread spent on it, in milliseconds. */
  readonly tookMs: number
}

/** What the owner of a running detection may ask of it. */
export type RunningDetection = Pick<Detection, 'setRules' | 'stop'>

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
      this.#reloads.set(generation, {resolve, reject})
      this.#tell({type: 'rules', files, generation})
    })
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
