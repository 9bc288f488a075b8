import type {Engine} from '../../engine/engine.ts'
import type {MatchContext} from '../../engine/match-context.ts'
import {readBootTimeNs} from '../../sensor/boot-clock.ts'
import type {ProbeCounts, ProbeImage} from '../../sensor/probes/probe.ts'
import {ProbeEvent, type ProbeRecord} from '../../sensor/probes/probe-event.ts'
import {type OpenedProbes, ProbeSet} from '../../sensor/probes/probe-set.ts'
import type {LateJudge} from './late-judge.ts'

/** What {@link ProbeJudge} is made of. */
export interface ProbeJudgeOptions {
  /** Nanoseconds from the epoch to boot; followed when they change. */
  readonly clock: {readonly bootNs: bigint}
  readonly context: MatchContext
  readonly engine: Engine
  readonly late: LateJudge | undefined
  /** Told why an optional probe is not at work. */
  readonly onRefusal: (reason: string) => void
}

/** Judges the records of probes in the order of all events. */
export class ProbeJudge {
  readonly #options: ProbeJudgeOptions
  readonly #set = new ProbeSet()
  readonly #event: ProbeEvent

  constructor(options: ProbeJudgeOptions) {
    this.#options = options
    this.#event = new ProbeEvent(options.clock)
  }

  get hooks(): string[] {
    return this.#set.hooks
  }

  /** The fate of their records, by probe; undefined without probes. */
  get counts(): Readonly<Record<string, ProbeCounts>> | undefined {
    return this.#set.isEmpty ? undefined : this.#set.counts
  }

  /** Whether records wait to be judged. */
  get isWaiting(): boolean {
    return this.#set.isWaiting
  }

  /** Loads and attaches probes beside those in force. @throws CodedError PROBE_REFUSED; nothing has changed then. */
  open(images: readonly ProbeImage[]): OpenedProbes {
    const opened = this.#set.open(images)
    for (const reason of opened.refusals) this.#options.onRefusal(reason)
    return opened
  }

  /** Puts opened probes in force; those before are unloaded, and what they have reported is for the rules of this generation. */
  use(opened: OpenedProbes, generation: number): void {
    this.#set.use(opened, readBootTimeNs(), generation)
  }

  /** Closes opened probes that come to nothing. */
  discard(opened: OpenedProbes): void {
    this.#set.discard(opened)
  }

  /**
   * Takes what the probes have reported up to now, to be judged by the rules of this generation; gives the number of records. To be
   * called before other events are read: those that are older than a record are in sight then.
   */
  look(generation: number): number {
    return this.#set.isEmpty ? 0 : this.#set.look(readBootTimeNs(), generation)
  }

  /** Judges what waits and happened up to this time (nanoseconds since the epoch), by default all; false when nothing waits then. */
  judge(upToNs?: bigint): boolean {
    if (!this.#set.isWaiting) return false
    const upTo = upToNs === undefined ? undefined : upToNs - this.#options.clock.bootNs
    this.#set.take(record => this.#judge(record), upTo)
    return this.#set.isWaiting
  }

  /** A record that was judged late raised an alert. @param index the probe's, as {@link lateIndex} gave it */
  countLateMatch(index: number): void {
    this.#set.countMatch(~index)
  }

  detach(): void {
    this.#set.detach()
  }

  close(): void {
    this.#set.close()
  }

  #judge(record: ProbeRecord): void {
    const {context, engine, late} = this.#options
    const {index} = record.probe.def
    this.#event.moveTo(record)
    if (this.#event.tid > 0) context.state.know(this.#event.tid)
    context.begin(this.#event)
    const isHeld = late?.holds(lateIndex(index), record.generation) === true
    if (!isHeld && engine.judge(record.generation) > 0) this.#set.countMatch(index)
    context.end()
  }
}

/** The number of a probe among the kinds of record: below them all. */
function lateIndex(index: number): number {
  return ~index
}
