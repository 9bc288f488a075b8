import type {ProcessAtom} from '../kernel-filter.ts'
import {CGROUP_ENTRY, cgroupSeal} from './cgroup-entry.ts'
import {PROCESS_ENTRY, processSeal} from './process-entry.ts'

/** What the kernel sees of a thread and of the words in force when a record is judged. */
export interface ProcessNow {
  readonly tid: number
  readonly start: bigint
  readonly execId: bigint
  readonly set: bigint
  readonly version: bigint
  readonly epoch: bigint
}

/** Answers questions to the process; undefined: not known. */
export type ProcessAnswers = (atom: ProcessAtom) => boolean | undefined

/** The answers where there is no entry. */
export const NO_ANSWERS: ProcessAnswers = () => undefined

/** What is known of the control groups of a thread: their key, and the entry of it. */
export interface GroupsNow {
  readonly key: Buffer
  readonly entry: Buffer
}

/**
 * What an entry answers, as the programs read it; the reference for them. Where it answers nothing, that of the control groups does as
 * far as it goes.
 */
export function processAnswers(
  entry: Buffer | undefined,
  now: ProcessNow,
  groups?: GroupsNow,
): ProcessAnswers {
  const own = entry === undefined ? NO_ANSWERS : ownAnswers(entry, now)
  if (own !== NO_ANSWERS || groups === undefined) return own
  return groupAnswers(groups, now)
}

function groupAnswers({key, entry}: GroupsNow, now: ProcessNow): ProcessAnswers {
  const at = (offset: number): bigint => entry.readBigUInt64LE(offset)
  const fits =
    at(CGROUP_ENTRY.set) === now.set &&
    at(CGROUP_ENTRY.version) === now.version &&
    at(CGROUP_ENTRY.seal) === cgroupSeal(key, entry)
  if (!fits) return NO_ANSWERS
  return ({bit, cgroup}) => (cgroup === true ? hasBit(entry, CGROUP_ENTRY.bits, bit) : undefined)
}

function hasBit(entry: Buffer, bits: number, bit: number): boolean {
  return (entry.readUInt8(bits + (bit >>> 3)) & (1 << (bit & 7))) !== 0
}

function ownAnswers(entry: Buffer, now: ProcessNow): ProcessAnswers {
  const at = (offset: number): bigint => entry.readBigUInt64LE(offset)
  const fits =
    at(PROCESS_ENTRY.start) === now.start &&
    at(PROCESS_ENTRY.execId) === now.execId &&
    at(PROCESS_ENTRY.set) === now.set &&
    at(PROCESS_ENTRY.version) === now.version &&
    at(PROCESS_ENTRY.seal) === processSeal(now.tid, entry)
  if (!fits) return NO_ANSWERS
  const isOfNow = at(PROCESS_ENTRY.epoch) === now.epoch
  return ({bit, kin}) => {
    if (kin && !isOfNow) return undefined
    return hasBit(entry, PROCESS_ENTRY.bits, bit)
  }
}
