import type {CheckedCondition} from '../compiler/checked.ts'
import type {FieldBinder} from '../compiler/field-ref.ts'
import {compileRuleMatcher, type RuleMatcher} from '../compiler/js/matcher.ts'
import {
  type BoundRuleOutput,
  bindRuleOutput,
  type RuleOutput,
} from '../compiler/output/bind-rule-output.ts'
import type {Alert} from '../schema/alert.ts'
import type {Event} from '../schema/event.ts'
import type {Priority} from '../schema/priority.ts'
import type {MatchContext} from './match-context.ts'

/** A rule as the engine runs it. */
export interface EngineRule extends RuleOutput {
  readonly name: string
  readonly priority: Priority
  readonly source: string
  readonly tags: readonly string[]
  readonly condition: CheckedCondition
  readonly eventCodes: ReadonlySet<number>
}

/** What fields are read from: the event of the moment with the state around it. */
export interface EngineContext {
  readonly event: Event
  /** Applies what the event changes before rules see it, and becomes about it. Takes the events of one source. */
  begin(event: never): void
  /** Applies what the event ends, once the rules have seen it. */
  end(): void
}

/** What the engine is given. */
export interface EngineOptions<C extends EngineContext> {
  readonly context: C
  readonly binder: FieldBinder<C>
  readonly hostname: string
  /** `first`: the first matching rule of an event wins; `all`: each match is an alert. */
  readonly matching: 'first' | 'all'
  /** Distinguishes the alert ids of this run from those of all others. */
  readonly runId: string
  /** Takes each alert. Must not block. */
  readonly onAlert: (alert: Alert) => void
}

interface RunningRule<C> {
  readonly rule: EngineRule
  readonly output: BoundRuleOutput<C>
}

interface RunningSet<C> {
  readonly rules: readonly RunningRule<C>[]
  readonly matcher: RuleMatcher<C>
  readonly generation: number
}

/** Takes events, keeps the state in step, asks the rules, and gives alerts. Synchronous. */
export class Engine<C extends EngineContext = MatchContext> {
  readonly #options: EngineOptions<C>
  readonly #matches: number[] = []
  readonly #sets = new Map<number, RunningSet<C>>()
  #newest: RunningSet<C> | undefined
  #alerts = 0

  constructor(options: EngineOptions<C>) {
    this.#options = options
  }

  /** Makes these the only rules, in one step between two events. State stays. */
  setRules(rules: readonly EngineRule[], generation: number): void {
    this.addRules(rules, generation)
    for (const other of [...this.#sets.keys()]) if (other !== generation) this.dropRules(other)
  }

  /**
   * Adds the rules of a generation, which is the newest from now on; those of older ones stay, for the events that were captured
   * for these, until {@link Engine.dropRules}.
   */
  addRules(rules: readonly EngineRule[], generation: number): void {
    const {binder} = this.#options
    this.#newest = {
      generation,
      matcher: compileRuleMatcher(rules, binder),
      rules: rules.map(rule => ({rule, output: bindRuleOutput(rule, binder)})),
    }
    this.#sets.set(generation, this.#newest)
  }

  /** Forgets the rules of a generation. The newest of those that are left takes its place. */
  dropRules(generation: number): void {
    this.#sets.delete(generation)
    if (this.#newest?.generation === generation) this.#newest = [...this.#sets.values()].at(-1)
  }

  /** Judges one event; gives the number of alerts it raised. */
  process(event: Parameters<C['begin']>[0]): number {
    const {context} = this.#options
    context.begin(event as never)
    const count = this.judge()
    context.end()
    return count
  }

  /**
   * Judges the event that the context is about by the rules of one generation, the newest by default; gives the number of
   * alerts it raised.
   */
  judge(generation?: number): number {
    const {context, matching} = this.#options
    const set = this.#setOf(generation)
    let count = 0
    if (set !== undefined) {
      if (matching === 'first') {
        const index = set.matcher.matchFirst(context, context.event.def.code)
        if (index >= 0) {
          this.#raise(set, index)
          count = 1
        }
      } else {
        this.#matches.length = 0
        set.matcher.matchAll(context, context.event.def.code, this.#matches)
        for (const index of this.#matches) this.#raise(set, index)
        count = this.#matches.length
      }
    }
    return count
  }

  #setOf(generation: number | undefined): RunningSet<C> | undefined {
    if (generation === undefined || generation === this.#newest?.generation) return this.#newest
    const set = this.#sets.get(generation)
    if (set === undefined) throw new Error(`there are no rules of generation ${generation}`)
    return set
  }

  #raise(set: RunningSet<C>, index: number): void {
    const {rule, output} = set.rules[index]!
    const {context} = this.#options
    this.#options.onAlert({
      id: `${this.#options.runId}-${++this.#alerts}`,
      timeNs: context.event.timeNs(),
      hostname: this.#options.hostname,
      rule: rule.name,
      priority: rule.priority,
      source: rule.source,
      tags: rule.tags,
      message: output.message(context),
      fields: [...output.fields(context)],
      generation: set.generation,
    })
  }
}
