import {EVENT_FIELDS} from './event-fields.ts'
import {FD_FIELDS} from './fd-fields.ts'
import type {FieldSource} from './field-source.ts'
import {PROCESS_FIELDS} from './process-fields.ts'
import {USER_FIELDS} from './user-fields.ts'

/** Extractors of every field that the live sensor fills. */
export const LIVE_EXTRACTORS: FieldSource = {
  ...EVENT_FIELDS,
  ...PROCESS_FIELDS,
  ...USER_FIELDS,
  ...FD_FIELDS,
}

/** Names of the fields that the live sensor fills. */
export const LIVE_FIELDS: ReadonlySet<string> = new Set(Object.keys(LIVE_EXTRACTORS))
