import {isProbeCode} from '../../schema/probe.ts'
import type {CheckedCondition} from '../checked.ts'
import {ALL_EVENT_CODES} from '../event-types.ts'
import type {FieldBinder} from '../field-ref.ts'
import {buildIndex, type DispatchIndex, type FiledRule} from './dispatch.ts'
import {createGraph} from './graph.ts'
import {createKeyFinder} from './keys.ts'
import {createProgram, type ProgramState, type Unit} from './program.ts'

/** A rule as the matcher takes it. */
export interface MatchableRule {
  readonly condition: CheckedCondition
  /** Codes of the events on which it is asked; on others it never matches. */
  readonly eventCodes: ReadonlySet<number>
}

/** Settings of {@link compileRuleMatcher}. */
export interface MatcherOptions {
  /** Events after which kept values are dropped as a whole. For tests; 2^30 by default, at least 1. */
  readonly eventsPerEpoch?: number
}

/** All rules of a set as one. Neither call may be made from inside an extractor. */
export interface RuleMatcher<E> {
  /** Adds the places of all rules that match to `out`, ascending. */
  matchAll(event: E, eventCode: number, out: number[]): void
  /** The place of the first rule that matches; -1 when none does. */
  matchFirst(event: E, eventCode: number): number
}

/** Counts of events are small integers up to here, which keeps their comparison cheap. */
const EVENTS_PER_EPOCH = 2 ** 30 - 1

/** Sets of codes above this size are asked instead of copied, so that many wide rules stay cheap to compile. */
const MAX_COPIED_CODES = 64

/** An index joined to the program: operands of tables are units. */
interface BoundIndex {
  readonly always: readonly number[]
  readonly tables: readonly {
    readonly read: Unit
    readonly visit: DispatchIndex['tables'][number]['visit']
  }[]
}

/**
 * Compiles rules into generated functions. Rules are indexed by event code, then filed by values that their conditions need;
 * each field is extracted at most once an event, and conditions that several rules share are answered once.
 *
 * @param rules - in the order in which they are tried
 * @param binder - where values come from; asked once for each distinct field, here
 */
export function compileRuleMatcher<E>(
  rules: readonly MatchableRule[],
  binder: FieldBinder<E>,
  options: MatcherOptions = {},
): RuleMatcher<E> {
  const epoch = options.eventsPerEpoch ?? EVENTS_PER_EPOCH
  const state: ProgramState<E> = {g: 0, e: undefined}
  const graph = createGraph()
  const nodes = rules.map(rule => {
    const node = graph.add(rule.condition)
    node.uses++
    return node
  })
  const builder = createProgram(binder, state)
  const ruleUnits = nodes.map(node => builder.addNode(node))
  const findKeys = createKeyFinder()
  const filed: readonly FiledRule[] = nodes.map((node, index) => ({index, keys: findKeys(node)}))
  const operandUnits = new Map<string, number>()
  for (const {keys} of filed) {
    for (const {operand} of keys) operandUnits.set(operand.text, builder.addOperand(operand))
  }
  const program = builder.finish()
  const answers = ruleUnits.map(unit => program.units[unit]!)

  const bind = ({always, tables}: DispatchIndex): BoundIndex => ({
    always,
    tables: tables.map(({operand, visit}) => ({
      read: program.units[operandUnits.get(operand.text)!]!,
      visit,
    })),
  })

  // Rules without event types are the same on every code: one index for all of them, next to one for each code.
  const universal = bind(
    buildIndex(filed.filter((_, i) => rules[i]!.eventCodes === ALL_EVENT_CODES)),
  )
  const lists = listByCode(rules)
  const indexes = new Map<number, BoundIndex>()

  const indexFor = (code: number): BoundIndex => {
    const known = indexes.get(code)
    if (known !== undefined) return known
    const wide = lists.wide.filter(rule => rules[rule]!.eventCodes.has(code))
    const own = [...(lists.narrow.get(code) ?? []), ...wide].sort((a, b) => a - b)
    const built = bind(buildIndex(own.map(rule => filed[rule]!)))
    indexes.set(code, built)
    return built
  }

  const begin = (event: E): void => {
    if (state.g >= epoch) {
      program.reset()
      state.g = 0
    }
    state.g++
    state.e = event
  }

  let best = -1
  const askFirst = (candidates: readonly number[]): void => {
    for (const rule of candidates) {
      if (best >= 0 && rule >= best) return
      if (answers[rule]!() === true) {
        best = rule
        return
      }
    }
  }

  const matches: number[] = []
  const askAll = (candidates: readonly number[]): void => {
    for (const rule of candidates) if (answers[rule]!() === true) matches.push(rule)
  }

  const walk = (index: BoundIndex, ask: (candidates: readonly number[]) => void): void => {
    ask(index.always)
    for (const {read, visit} of index.tables) {
      const value = read()
      if (value !== undefined) visit(value, ask)
    }
  }

  const ofUniverse = (code: number): boolean => ALL_EVENT_CODES.has(code) || isProbeCode(code)

  return {
    matchAll: (event, eventCode, out) => {
      begin(event)
      matches.length = 0
      if (ofUniverse(eventCode)) walk(universal, askAll)
      walk(indexFor(eventCode), askAll)
      state.e = undefined
      if (matches.length > 1) matches.sort((a, b) => a - b)
      for (const rule of matches) out.push(rule)
    },
    matchFirst: (event, eventCode) => {
      begin(event)
      best = -1
      if (ofUniverse(eventCode)) walk(universal, askFirst)
      walk(indexFor(eventCode), askFirst)
      state.e = undefined
      return best
    },
  }
}

/** Rules by event code, but for those of all codes; rules of very many codes in a list of their own. */
function listByCode(rules: readonly MatchableRule[]): {
  readonly narrow: ReadonlyMap<number, readonly number[]>
  readonly wide: readonly number[]
} {
  const narrow = new Map<number, number[]>()
  const wide: number[] = []
  rules.forEach(({eventCodes}, rule) => {
    if (eventCodes === ALL_EVENT_CODES) return
    if (eventCodes.size > MAX_COPIED_CODES) {
      wide.push(rule)
      return
    }
    for (const code of eventCodes) {
      const list = narrow.get(code)
      if (list === undefined) narrow.set(code, [rule])
      else list.push(rule)
    }
  })
  return {narrow, wide}
}
