import type {ProcessPredicate} from '../compiler/filter/process/predicate-set.ts'
import {compileRuleMatcher} from '../compiler/js/matcher.ts'
import {currentEvent} from '../schema/event-table.ts'
import type {EventScope} from '../state/events/event-scope.ts'
import type {HostState} from '../state/host-state.ts'
import type {Thread} from '../state/thread.ts'
import type {EngineOptions} from './engine.ts'
import {MatchContext} from './match-context.ts'

/** Judges the conditions on processes for a thread as the state has it now: gives those that hold, a bit each. */
export type ProcessJudge = (thread: Thread) => bigint

/** The matcher indexes rules by event: these are asked on no real one. */
const NO_CODE = -1

/**
 * Compiles conditions on processes, with the compiler that rules are compiled with. They must depend on the process alone: there is
 * no event, and reading its time or values is a mistake that throws.
 */
export function compileProcessJudge(
  state: HostState,
  predicates: readonly ProcessPredicate[],
  binder: EngineOptions<MatchContext>['binder'],
): ProcessJudge {
  const eventCodes = new Set([NO_CODE])
  const rules = predicates.map(({condition}) => ({condition, eventCodes}))
  const matcher = compileRuleMatcher(rules, binder)
  const masks = predicates.map(({bit}) => 1n << BigInt(bit))
  const context = new MatchContext(state)
  const scope = emptyScope(state)
  context.scope = scope
  const holding: number[] = []
  return thread => {
    scope.thread = thread
    holding.length = 0
    matcher.matchAll(context, NO_CODE, holding)
    return holding.reduce((bits, index) => bits | masks[index]!, 0n)
  }
}

function emptyScope({table, cgroups, containers}: HostState): EventScope {
  const def = currentEvent('openat')!
  const none = (): never => {
    throw new Error('a condition on a process reads an event')
  }
  return {
    event: {
      num: -1,
      def,
      tid: -1,
      cpu: -1,
      paramCount: 0,
      live: undefined,
      timeNs: none,
      get: none,
    },
    table,
    cgroups,
    containers,
    bootNs: 0n,
    followsFds: false,
    thread: undefined,
    fd: undefined,
    oldFdName: '',
    resolvedCwd: undefined,
    enter: undefined,
  }
}
