import {CONTAINER_FIELDS} from './tables/fields-container.ts'
import {EVT_FIELDS} from './tables/fields-evt.ts'
import {FD_FIELDS} from './tables/fields-fd.ts'
import {K8S_FIELDS} from './tables/fields-k8s.ts'
import {OWN_FIELDS} from './tables/fields-own.ts'
import {PROCESS_FIELDS} from './tables/fields-process.ts'
import {USER_FIELDS} from './tables/fields-user.ts'
import type {ValueType} from './value.ts'

/** What may stand behind a field's name. */
export interface FieldArgument {
  readonly mode: 'optional' | 'required'
  /** `index`: `[N]`; `key`: `[text]`; `name`, `number`, `suffix`: a dotted argument such as `evt.arg.flags`. */
  readonly kinds: readonly ('index' | 'key' | 'name' | 'number' | 'suffix')[]
  readonly syntax: string
}

/** One rule field: the vocabulary of conditions and outputs. Options that are left out are false. */
export interface FieldDef {
  readonly name: string
  readonly class: string
  /** Type of each value; `dynamic` takes the type of the event parameter. */
  readonly type: ValueType
  /** Yields a list of values. */
  readonly list?: true
  /** Left out: the field takes no argument. */
  readonly arg?: FieldArgument
  /** How integers print: decimal unless said otherwise. */
  readonly format?: 'decimal' | 'id' | 'hex' | 'padded9' | 'direction'
  readonly filterOnly?: true
  readonly printOnly?: true
  /** May not stand opposite another field (`val()`, transformers). */
  readonly noRhs?: true
  readonly noTransformer?: true
  readonly deprecated?: true
  /** Appended to outputs when suggested outputs are on. */
  readonly suggested?: true
  /** Does not depend on the event source. */
  readonly generic?: true
  /** Plugin that supplies the field in the peers' world. */
  readonly plugin?: string
  /** 1: used by public rules; 2: common in user rules; 3: the rest. */
  readonly tier: 1 | 2 | 3
  readonly doc: string
}

/** Every known field, in the order of listings. */
export const FIELDS: readonly FieldDef[] = [
  ...EVT_FIELDS,
  ...PROCESS_FIELDS,
  ...USER_FIELDS,
  ...FD_FIELDS,
  ...CONTAINER_FIELDS,
  ...K8S_FIELDS,
  ...OWN_FIELDS,
]

const byName = new Map(FIELDS.map(field => [field.name, field]))

/** The field with exactly this name (no argument), if there is one. */
export function findField(name: string): FieldDef | undefined {
  return byName.get(name)
}
