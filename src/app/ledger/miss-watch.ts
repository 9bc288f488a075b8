import {CAPTURES} from '../../schema/capture-table.ts'
import {type AffectedRules, NO_RULES, type RulesAsking} from './affected-rules.ts'
import type {Cause} from './causes.ts'
import type {LedgerChange} from './ledger.ts'

/** What the kernel counted of a kind of record, as far as it was missed. */
export interface MissedOfKind {
  readonly full: number
  readonly tooLarge: number
  readonly fault: number
  readonly cut: number
}

/** Everything that detection has missed since it began, as it stands. Numbers never fall. */
export interface MissCounters {
  /** By the index of the kind of record. */
  readonly kinds: ReadonlyMap<number, MissedOfKind>
  readonly socketcalls: number
  readonly refusedAlerts: number
  readonly evictedThreads: number
  readonly unknownThreads: number
  readonly mendedThreads: number
  readonly doubtedDescriptors: number
  /** Events that were judged before their container was known. */
  readonly containerUnknown: number
  /** Records of the state that were lost. */
  readonly stateLost: number
}

/** Whose moment it is. */
export interface MissMoment {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly generation: number
}

const OF_KIND = [
  ['ring_full', 'full'],
  ['too_large', 'tooLarge'],
  ['unreadable', 'fault'],
  ['cut', 'cut'],
] as const satisfies readonly (readonly [Cause, keyof MissedOfKind])[]

/** Misses that may concern every rule, for what is known of processes stands in the fields of all. */
const OF_HOST = [
  ['alert_backlog_full', 'refusedAlerts'],
  ['container_unknown', 'containerUnknown'],
  ['evicted_threads', 'evictedThreads'],
  ['unknown_threads', 'unknownThreads'],
  ['mended_threads', 'mendedThreads'],
  ['doubted_descriptors', 'doubtedDescriptors'],
  ['socketcalls', 'socketcalls'],
] as const satisfies readonly (readonly [Cause, keyof MissCounters])[]

/** Turns counters that only grow into changes of the ledger: what is new since the last look, and whom it concerns. */
export class MissWatch {
  readonly #tell: (changes: readonly LedgerChange[]) => void
  #asking: RulesAsking = () => NO_RULES
  readonly #last = new Map<string, number>()

  constructor(tell: (changes: readonly LedgerChange[]) => void) {
    this.#tell = tell
  }

  /** These rules are the ones that misses concern from now on. */
  setRules(asking: RulesAsking): void {
    this.#asking = asking
  }

  /** Tells what is new. */
  look(counters: MissCounters, moment: MissMoment): void {
    const changes: LedgerChange[] = []
    for (const [index, missed] of counters.kinds) {
      const {kind} = CAPTURES[index]!
      for (const [cause, name] of OF_KIND) {
        const count = this.#more(`${cause} ${index}`, missed[name])
        if (count === 0) continue
        const affected = this.#asking(index)
        changes.push({change: 'add', cause, kind, count, affected, ...moment})
      }
    }
    for (const [cause, name] of OF_HOST) {
      const count = this.#more(cause, counters[name])
      if (count > 0) changes.push({change: 'add', cause, count, affected: this.#all(), ...moment})
    }
    const stateLost = this.#more('state_incomplete', counters.stateLost)
    if (stateLost > 0)
      changes.push({
        change: 'begin',
        cause: 'state_incomplete',
        count: stateLost,
        affected: this.#all(),
        ...moment,
      })
    if (changes.length > 0) this.#tell(changes)
  }

  /** The host has been read again: what was lost of the life of processes is made good. */
  mended(atMs: number): void {
    this.#tell([{change: 'end', cause: 'state_incomplete', atMs}])
  }

  #all(): AffectedRules {
    return this.#asking(undefined)
  }

  /** By how much a counter has grown since the last look. */
  #more(key: string, value: number): number {
    const more = value - (this.#last.get(key) ?? 0)
    this.#last.set(key, value)
    return Math.max(0, more)
  }
}
