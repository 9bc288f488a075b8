import {Engine, type EngineOptions, type EngineRule} from '../../engine/engine.ts'
import {EventHolder, HeldContext, type HeldEvent, heldBytes} from '../../engine/held-events.ts'
import type {MatchContext} from '../../engine/match-context.ts'
import type {ByteString} from '../../schema/bytes.ts'
import type {ContainerInfo} from '../../state/containers/container-info.ts'
import type {ContainerRequest} from '../../state/containers/container-table.ts'
import {EventGate} from '../../state/containers/event-gate.ts'

/** What {@link LateJudge} is made of. */
export interface LateJudgeOptions {
  /** Of the engine that judges everything else. */
  readonly engine: EngineOptions<MatchContext>
  /** Longest time that events of a container wait, in milliseconds; 0: they never wait. */
  readonly waitMs: number
  /** Asks what a container is; the answer comes by {@link LateJudge.deliver}. */
  readonly ask: (request: ContainerRequest) => void
  /** Told of each event that was judged late and raised alerts. */
  readonly onMatched: (kindIndex: number) => void
}

interface Waiting {
  readonly held: HeldEvent
  readonly kindIndex: number
  /** Of the rules that the event was captured for. */
  readonly engine: Engine<HeldContext>
}

/** The rules of one generation. Most hosts never need a second set of matchers: it is made with the first event that waits. */
interface LateRules {
  readonly rules: readonly EngineRule[]
  bound: {readonly holder: EventHolder; readonly engine: Engine<HeldContext>} | undefined
}

/** Judges the events of containers that nobody knew when they happened, once the answer is there or the time is up. */
export class LateJudge {
  readonly #options: EngineOptions<MatchContext>
  readonly #context: MatchContext
  readonly #gate: EventGate<Waiting>
  readonly #rules = new Map<number, LateRules>()

  constructor({engine, waitMs, ask, onMatched}: LateJudgeOptions) {
    const {containers} = engine.context.state
    this.#options = engine
    this.#context = engine.context
    this.#gate = new EventGate({
      waitMs,
      release: ({held, kindIndex, engine: late}) => {
        if (late.process(held) > 0) onMatched(kindIndex)
      },
    })
    containers.onSeen = request => {
      ask(request)
      // Asked for anew, it has had its wait.
      if (containers.stateOf(request.id) === 'pending') this.#gate.await(request.id)
    }
  }

  get counts(): Readonly<Record<string, number>> {
    return {...this.#context.state.containers.counts, ...this.#gate.counts}
  }

  /** Whether any container is awaited. */
  get isWaiting(): boolean {
    return this.#gate.isWaiting
  }

  /** Adds the rules of a generation: events that were captured for them are held for them. */
  addRules(rules: readonly EngineRule[], generation: number): void {
    this.#rules.set(generation, {rules, bound: undefined})
  }

  /** No event of this generation comes any more. Those that wait are still judged by its rules. */
  dropRules(generation: number): void {
    this.#rules.delete(generation)
  }

  /**
   * Keeps the event of the moment, which was captured for the rules of `generation`, when its container is awaited; else it is to
   * be judged at once.
   */
  holds(kindIndex: number, generation: number): boolean {
    const id = this.#context.thread?.containerId
    if (id === undefined || id === '' || !this.#gate.isAwaited(id)) return false
    const {holder, engine} = this.#bind(generation)
    const held = holder.hold(this.#context)
    return this.#gate.admit(id, heldBytes(held), () => ({held, kindIndex, engine}))
  }

  /** The answer for a container; undefined when nobody knows it. */
  deliver(id: ByteString, info: ContainerInfo | undefined): void {
    this.#context.state.containers.deliver(id, info)
    this.#gate.deliver(id)
  }

  /** Judges what has waited long enough. */
  expire(): void {
    this.#gate.expire()
  }

  /** Judges everything that waits. */
  flush(): void {
    this.#gate.flush()
  }

  #bind(generation: number): NonNullable<LateRules['bound']> {
    const late = this.#rules.get(generation)
    if (late === undefined) throw new Error(`there are no rules of generation ${generation}`)
    if (late.bound !== undefined) return late.bound
    const holder = new EventHolder(this.#options.binder)
    const engine = new Engine<HeldContext>({
      ...this.#options,
      context: new HeldContext(this.#context.state.containers),
      binder: holder,
      // The engine of each generation counts its alerts from one.
      runId: `${this.#options.runId}.late${generation}`,
    })
    engine.addRules(late.rules, generation)
    late.bound = {holder, engine}
    return late.bound
  }
}
