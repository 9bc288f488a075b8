import {type ProgramImage, type ProgramReference, programKey} from '../../../bpf/program-image.ts'
import type {CapturePlan} from '../../../compiler/bpf/capture-plan.ts'
import {ALL_EVENT_CODES} from '../../../compiler/event-types.ts'
import type {EngineRule} from '../../../engine/engine.ts'

/** Rules with what captures for them, on either side of the way to the detection thread. */
export interface RuleBundle {
  readonly rules: readonly EngineRule[]
  readonly plan: CapturePlan
  readonly programs: readonly ProgramImage[]
  /** Hashes of the stand-ins that are loaded, by the place of the program. */
  readonly standIns?: ReadonlyMap<string, string>
}

/**
 * What has to cross for new rules, as plain data. What the other side has since the rules before crosses as a number or a hash.
 */
export interface RuleTransfer {
  /** A number is the place of the same rule among those before. */
  readonly rules: readonly (EngineRule | number)[]
  /** Without the filters, which are in the programs. */
  readonly plan: CapturePlan
  readonly programs: readonly (ProgramImage | ProgramReference)[]
}

/** Packs rules for somebody who has those of before, or none. */
export function packRules(
  {rules, plan, programs}: RuleBundle,
  before: Partial<Pick<RuleBundle, 'rules' | 'programs' | 'standIns'>> = {},
): RuleTransfer {
  const known = new Map((before.rules ?? []).map((rule, place) => [rule.name, {rule, place}]))
  const hashes = new Map(
    (before.programs ?? []).map(program => [programKey(program), program.hash]),
  )
  return {
    rules: rules.map(rule => {
      const old = known.get(rule.name)
      return old !== undefined && isSame(old.rule, rule) ? old.place : rule
    }),
    plan: withoutFilters(plan),
    programs: programs.map(program => {
      const {name, attach, hash, standIn} = program
      const key = programKey(program)
      const isThere = hashes.get(key) === hash || before.standIns?.get(key) === hash
      return isThere ? {name, attach, hash, ...(standIn && {standIn})} : program
    }),
  }
}

/** The rules, by somebody who has those of before. */
export function unpackedRules(
  {rules}: Pick<RuleTransfer, 'rules'>,
  before: readonly EngineRule[] = [],
): EngineRule[] {
  return rules.map(rule => {
    if (typeof rule !== 'number') return withSharedCodes(rule)
    const old = before[rule]
    if (old === undefined) throw new Error(`there is no rule ${rule} among ${before.length}`)
    return old
  })
}

/** The matcher knows rules for all events by this very set. */
function withSharedCodes(rule: EngineRule): EngineRule {
  const {eventCodes} = rule
  const isAll =
    eventCodes.size === ALL_EVENT_CODES.size &&
    [...eventCodes].every(code => ALL_EVENT_CODES.has(code))
  return isAll ? {...rule, eventCodes: ALL_EVENT_CODES} : rule
}

/** Whether a rule is what it was. Trees that were compiled from the same text are the same objects. */
function isSame(old: EngineRule, next: EngineRule): boolean {
  return (
    old.condition === next.condition &&
    old.template === next.template &&
    old.priority === next.priority &&
    old.source === next.source &&
    sameList(old.tags, next.tags, (one, other) => one === other) &&
    sameList(
      old.extraFields,
      next.extraFields,
      (one, other) =>
        one.name === other.name &&
        one.formatted === other.formatted &&
        one.template === other.template,
    )
  )
}

function sameList<T>(
  old: readonly T[],
  next: readonly T[],
  same: (one: T, other: T) => boolean,
): boolean {
  return old.length === next.length && old.every((one, at) => same(one, next[at]!))
}

/** A plan as it crosses: filters are in the programs. */
export function withoutFilters(plan: CapturePlan): CapturePlan {
  const kinds = [...plan.kinds].map(([kind, {filter, ...rest}]) => [kind, rest] as const)
  return {...plan, kinds: new Map(kinds)}
}

/** The stand-ins that are loaded once these programs were in force, by the place of the program. */
export function standInsOf(
  programs: readonly ProgramImage[],
  before: RuleBundle['standIns'],
): Map<string, string> {
  const own = programs
    .filter(({standIn}) => standIn)
    .map(program => [programKey(program), program.hash] as const)
  return new Map([...(before ?? []), ...own])
}
