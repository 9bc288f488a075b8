import {type FieldDef, findField} from '../../schema/field-table.ts'
import {type ProbeDef, probeCode, probeEventName, probeFields} from '../../schema/probe.ts'
import type {FieldFinder} from '../field-lookup.ts'

/** The words that rules may use: those of the product, and those of the probes of a configuration. */
export interface ProbeWords {
  readonly find: FieldFinder
  /** Codes of probes' events by their names. */
  readonly codes: ReadonlyMap<string, number>
}

/** The words of the product alone. */
export const NO_PROBES: ProbeWords = {find: findField, codes: new Map()}

/** The words of a configuration with probes. */
export function probeWords(probes: readonly ProbeDef[]): ProbeWords {
  if (probes.length === 0) return NO_PROBES
  const fields = new Map<string, FieldDef>(
    probes.flatMap(probeFields).map(field => [field.name, field]),
  )
  return {
    find: name => findField(name) ?? fields.get(name),
    codes: new Map(probes.map(probe => [probeEventName(probe), probeCode(probe)])),
  }
}
