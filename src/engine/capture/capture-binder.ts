import type {FieldBinder} from '../../compiler/field-ref.ts'
import type {CaptureContext} from './capture-context.ts'
import type {CaptureSource} from './capture-source.ts'
import {EVENT_FIELDS} from './event-fields.ts'
import {FD_FIELDS} from './fd-fields.ts'
import {IO_FIELDS} from './io-fields.ts'
import {PATH_FIELDS} from './path-fields.ts'
import {PROCESS_FIELDS} from './process-fields.ts'
import {THREAD_FIELDS} from './thread-fields.ts'
import {TIME_FIELDS} from './time-fields.ts'

const EXTRACTORS: CaptureSource = {
  ...TIME_FIELDS,
  ...EVENT_FIELDS,
  ...IO_FIELDS,
  ...PATH_FIELDS,
  ...PROCESS_FIELDS,
  ...THREAD_FIELDS,
  ...FD_FIELDS,
}

/** Names of the fields that captures fill. */
export const CAPTURE_FIELDS: ReadonlySet<string> = new Set(Object.keys(EXTRACTORS))

/** Binds fields to the events of captures. Fields that no capture fills are always absent. */
export function captureBinder(environment: {
  readonly hostname: string
}): FieldBinder<CaptureContext> {
  return {
    bind: field => {
      const {name} = field.def
      const factory = Object.hasOwn(EXTRACTORS, name) ? EXTRACTORS[name] : undefined
      return factory?.(field, environment) ?? (() => undefined)
    },
  }
}
