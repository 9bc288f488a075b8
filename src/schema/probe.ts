/**
 * Probes: BPF programs of the user's own, whose records become events. A probe's event is called `probe.NAME`, and each member of its
 * records is a field `probe.NAME.MEMBER`. The definitions are plain data that the configuration decides on, so they are handed to
 * whoever compiles rules and live in no table.
 */
import type {EventDef} from './event-pair.ts'
import type {FieldDef} from './field-table.ts'
import type {ValueType} from './value.ts'

/** Class of the fields of probes. */
export const PROBE_CLASS = 'probe'
/** Codes of probes' events begin here, above all codes of captures; the number of the probe is added. */
const FIRST_CODE = 0x1_0000
/** Most probes of one configuration. */
export const MAX_PROBES = 32

/** One value in the records of a probe. */
export interface ProbeMember {
  /** Names from the outer struct inwards, joined by dots. */
  readonly name: string
  readonly type: Extract<ValueType, `${'int' | 'uint'}${number}` | 'bool' | 'string' | 'bytebuf'>
  /** Place in the record in bytes; of the storage for a bit field. */
  readonly offset: number
  readonly size: number
  /** Of a bit field: position of its lowest bit in the storage, and its width. */
  readonly bits?: {readonly shift: number; readonly width: number}
}

/** What the records of a probe look like. */
export interface ProbeDef {
  readonly name: string
  /** Place in the configuration, from 0. */
  readonly index: number
  /** The struct that its records hold. */
  readonly struct: string
  /** Size of that struct: shorter records are not taken. */
  readonly recordBytes: number
  readonly members: readonly ProbeMember[]
}

/** The members whose values the detector itself understands, by their names at the top of the struct. */
export interface ProbeRoles {
  /** `tid`, else `pid`: the thread that the event is about, by the kernel's numbers. */
  readonly thread: ProbeMember | undefined
  /** `timestamp`: nanoseconds since boot, as bpf_ktime_get_boot_ns gives them. */
  readonly time: ProbeMember | undefined
}

/** The members of a probe that say when it happened and in which thread. */
export function probeRoles({members}: ProbeDef): ProbeRoles {
  const find = (name: string, bytes: number): ProbeMember | undefined =>
    members.find(
      member =>
        member.name === name &&
        member.size === bytes &&
        member.bits === undefined &&
        /^u?int/.test(member.type),
    )
  return {thread: find('tid', 4) ?? find('pid', 4), time: find('timestamp', 8)}
}

/** What `evt.type` says of a probe's events. */
export function probeEventName({name}: Pick<ProbeDef, 'name'>): string {
  return `probe.${name}`
}

/** Code of a probe's events. */
export function probeCode({index}: Pick<ProbeDef, 'index'>): number {
  return FIRST_CODE + index
}

/** Whether an event is a probe's. */
export function isProbeCode(code: number): boolean {
  return code >= FIRST_CODE && code < FIRST_CODE + MAX_PROBES
}

/** A probe's events as the rest of the detector sees them. */
export function probeEvent(probe: ProbeDef): EventDef {
  const name = probeEventName(probe)
  return {
    code: probeCode(probe),
    enumName: name.toUpperCase().replace('.', '_'),
    name,
    category: 'other',
    // Without a thread it is no more about a process than a remark is.
    flags: probeRoles(probe).thread === undefined ? ['skip_parser_reset'] : [],
    params: probe.members.map(({name: param, type}) => ({name: param, type})),
    direction: 'exit',
  }
}

/** The fields of a probe. */
export function probeFields(probe: ProbeDef): FieldDef[] {
  return probe.members.map(({name, type}) => ({
    name: `${probeEventName(probe)}.${name}`,
    class: PROBE_CLASS,
    type,
    tier: 3,
    doc: `Member ${name} of struct ${probe.struct}, as probe ${probe.name} reports it.`,
  }))
}
