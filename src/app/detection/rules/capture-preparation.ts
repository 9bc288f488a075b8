import {createHash} from 'node:crypto'
import {serialize} from 'node:v8'
import {type ProgramImage, programImage, programKey} from '../../../bpf/program-image.ts'
import type {ProgramSpec} from '../../../bpf/specs.ts'
import {type CaptureRequest, capturePrograms} from '../../../compiler/bpf/capture.ts'
import {
  type CapturePlan,
  type PlannedRule,
  planCaptures,
} from '../../../compiler/bpf/capture-plan.ts'
import type {HookChoice} from '../../../compiler/bpf/hook-plan.ts'
import type {RingSizes} from '../../../compiler/bpf/lane.ts'
import {
  type FilterMaker,
  hastyFilters,
  type KnownFilters,
  rememberingFilters,
} from '../../../compiler/bpf/plan/filter-memo.ts'
import type {SensorSetting} from '../../../compiler/bpf/sensor-setting.ts'
import {entryPrograms} from '../../../compiler/bpf/tracepoint-entries.ts'
import {createRecentMap} from '../../../compiler/rules/compile/recent-map.ts'
import type {EngineRule} from '../../../engine/engine.ts'
import {plannedRule} from '../../rules/rule-set.ts'
import {type KernelChoice, kernelChoice} from '../kernel-side.ts'
import {recordedPlan} from './recorded-plan.ts'

/** What captures depend on beside the rules, for as long as a detection runs. */
export interface CaptureSettings {
  readonly hooks: HookChoice
  readonly rings: RingSizes
  readonly entryCopies: boolean
  readonly kernelFilter: boolean
  /** The events are recorded: more is captured than rules match, and nothing is left in the kernel. */
  readonly recorded: boolean
}

/** What is captured for a set of rules. */
export interface PreparedCaptures {
  readonly plan: CapturePlan
  /**
   * Programs that can be had at once: where the filter of a kind is new, its programs without a filter stand in. These make the
   * same records and more.
   */
  readonly programs: readonly ProgramImage[]
  /** Makes what is to follow once the rules are in force; undefined when nothing is. */
  readonly refine: (() => Refinement) | undefined
  /** To be called once the rules are in force. */
  readonly accept: () => void
  readonly planMs: number
  readonly emitMs: number
}

/** The plan with its filters, for rules that came into force without them. */
export interface Refinement {
  readonly plan: CapturePlan
  /** All programs in force then. */
  readonly programs: readonly ProgramImage[]
  /** Those of them that take the places of stand-ins. */
  readonly better: readonly ProgramImage[]
  /** Places that need no program. */
  readonly needless: readonly string[]
}

/**
 * Makes plans and programs from rules. What takes long is done here, on a thread that may be busy for a while, so that the
 * detection thread only loads what is new. Programs of a kind of record whose wants are those of before are not made again.
 */
export class CapturePreparation {
  readonly #settings: CaptureSettings
  readonly #made = createRecentMap<string, readonly ProgramImage[]>()
  readonly #hashes = new WeakMap<CaptureRequest, string>()
  #kernel: {readonly setting: SensorSetting; readonly choice: KernelChoice} | undefined
  /** The plan in force, with what its filters were derived from. */
  #before: {readonly plan: CapturePlan; readonly filters: KnownFilters} | undefined

  constructor(settings: CaptureSettings) {
    this.#settings = settings
  }

  /** How programs are attached: decided by the first rules, and kept. @throws Error before them */
  get choice(): KernelChoice {
    if (this.#kernel === undefined) throw new Error('no rules were prepared yet')
    return this.#kernel.choice
  }

  /**
   * @param inHaste - filters that are new may come later
   * @throws CodedError SENSOR_… when this kernel cannot do what is needed
   */
  prepare(rules: readonly EngineRule[], {inHaste = false} = {}): PreparedCaptures {
    const begun = performance.now()
    const planned = rules.map(plannedRule)
    const before = this.#before
    const {kernelFilter, recorded} = this.#settings
    const same = new Set<number>()
    const filters = new Map<number, Known>()
    const hasty = inHaste && kernelFilter && !recorded && before !== undefined
    const plan = hasty
      ? unfiltered(this.#plan(planned, hastyFilters(before.filters, same)), before.plan, same)
      : this.#plan(planned, rememberingFilters(filters))
    const planMs = performance.now() - begun
    const {hooks, rings} = this.#settings
    this.#kernel ??= kernelChoice(plan, hooks, rings)
    this.#made.nextRound()
    const programs = this.#programs(plan, index => hasty && !same.has(index))
    return {
      plan,
      programs,
      refine: hasty ? () => this.#refine(planned, programs) : undefined,
      accept: () => {
        if (!hasty) this.#before = {plan, filters}
      },
      planMs,
      emitMs: performance.now() - begun - planMs,
    }
  }

  #refine(rules: readonly PlannedRule[], programs: readonly ProgramImage[]): Refinement {
    const filters = new Map<number, Known>()
    const plan = this.#plan(rules, rememberingFilters(filters))
    const wanted = new Map(
      this.#programs(plan, () => false).map(program => [programKey(program), program]),
    )
    const better: ProgramImage[] = []
    const needless: string[] = []
    const kept = programs.flatMap(program => {
      // What is attached stays as it is until the next rules.
      if (program.attach.kind !== 'tail_call') return program
      const key = programKey(program)
      const next = wanted.get(key)
      if (next === undefined) {
        needless.push(key)
        return []
      }
      if (next.hash !== program.hash) better.push(next)
      return next
    })
    this.#before = {plan, filters}
    return {plan, programs: kept, better, needless}
  }

  #plan(rules: readonly PlannedRule[], filterOf: FilterMaker): CapturePlan {
    const {entryCopies, kernelFilter, recorded} = this.#settings
    if (recorded) return recordedPlan(planCaptures(rules, {entryCopies}))
    const predicatesBefore = this.#before?.plan.predicates
    const options = {
      entryCopies,
      kernelFilter,
      filterOf,
      ...(predicatesBefore && {predicatesBefore}),
    }
    return planCaptures(rules, options)
  }

  /** What is in force is asked for at each reload. */
  #hashOf(request: CaptureRequest): string {
    const known = this.#hashes.get(request) ?? hashOf(request)
    this.#hashes.set(request, known)
    return known
  }

  #programs(
    {kinds, entryCopies}: CapturePlan,
    isStandIn: (index: number) => boolean,
  ): ProgramImage[] {
    const {setting} = this.#kernel!
    const make = (key: string, specs: () => readonly ProgramSpec[]): readonly ProgramImage[] =>
      this.#made.getOrMake(key, () => specs().map(programImage))
    const entries = make(`entries ${[...kinds.keys()]} ${[...entryCopies]}`, () =>
      entryPrograms({kinds, entryCopies}, setting),
    )
    const captures = [...kinds].flatMap(([index, request]) => {
      const made = make(`${index} ${this.#hashOf(request)}`, () =>
        capturePrograms(index, request, setting),
      )
      return isStandIn(index) ? made.map(image => ({...image, standIn: true})) : made
    })
    return [...entries, ...captures]
  }
}

type Known = KnownFilters extends ReadonlyMap<number, infer V> ? V : never

/**
 * A plan that was made in haste. Its filters are those of before, so they ask for what was asked for before; a kind of which
 * anything else is wanted has none.
 */
function unfiltered(plan: CapturePlan, before: CapturePlan, same: Set<number>): CapturePlan {
  const {predicates, descriptorTests} = before
  const kinds = new Map(
    [...plan.kinds].map(([index, request]) => {
      const {filter, asksProcess, descriptorSet, ...bare} = request
      if (filter === undefined) return [index, request]
      const old = before.kinds.get(index)
      if (old !== undefined && hashOf(bareOf(old)) === hashOf(bare)) return [index, old]
      same.delete(index)
      return [index, bare]
    }),
  )
  return {...plan, kinds, predicates, descriptorTests}
}

function bareOf({filter, asksProcess, descriptorSet, ...bare}: CaptureRequest): CaptureRequest {
  return bare
}

/** Of plain data: sets, maps, big integers and bytes included. */
function hashOf(value: unknown): string {
  return createHash('sha256').update(serialize(value)).digest('hex')
}
