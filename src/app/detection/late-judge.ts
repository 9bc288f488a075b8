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
}

/** Judges the events of containers that nobody knew when they happened, once the answer is there or the time is up. */
export class LateJudge {
  readonly #context: MatchContext
  readonly #holder: EventHolder
  readonly #engine: Engine<HeldContext>
  readonly #gate: EventGate<Waiting>
  #rules: {readonly rules: readonly EngineRule[]; readonly generation: number} | undefined
  #isBound = false

  constructor({engine, waitMs, ask, onMatched}: LateJudgeOptions) {
    const {containers} = engine.context.state
    this.#context = engine.context
    this.#holder = new EventHolder(engine.binder)
    this.#engine = new Engine<HeldContext>({
      ...engine,
      context: new HeldContext(containers),
      binder: this.#holder,
      runId: `${engine.runId}.late`,
    })
    this.#gate = new EventGate({
      waitMs,
      release: ({held, kindIndex}) => {
        if (this.#engine.process(held) > 0) onMatched(kindIndex)
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

  /** Judges what waits by the rules of before, then makes these the rules. */
  setRules(rules: readonly EngineRule[], generation: number): void {
    this.#gate.flush()
    this.#rules = {rules, generation}
    this.#isBound = false
  }

  /** Keeps the event of the moment when its container is awaited; else it is to be judged at once. */
  holds(kindIndex: number): boolean {
    const id = this.#context.thread?.containerId
    if (id === undefined || id === '' || !this.#gate.isAwaited(id)) return false
    this.#bind()
    const held = this.#holder.hold(this.#context)
    return this.#gate.admit(id, heldBytes(held), () => ({held, kindIndex}))
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

  /** Most hosts never need a second set of matchers: it is made with the first event that waits. */
  #bind(): void {
    if (this.#isBound || this.#rules === undefined) return
    this.#isBound = true
    this.#holder.clear()
    this.#engine.setRules(this.#rules.rules, this.#rules.generation)
  }
}
