import type {FieldBinder} from '../compiler/field-ref.ts'
import {CONTAINER_FIELDS} from './fields/container-fields.ts'
import {EVENT_FIELDS} from './fields/event-fields.ts'
import {FD_FIELDS} from './fields/fd-fields.ts'
import type {FieldSource} from './fields/field-source.ts'
import {IO_FIELDS} from './fields/io-fields.ts'
import {K8S_FIELDS} from './fields/k8s-fields.ts'
import {OWN_FIELDS} from './fields/own-fields.ts'
import {PATH_FIELDS} from './fields/path-fields.ts'
import {probeField} from './fields/probe-fields.ts'
import {PROCESS_FIELDS} from './fields/process-fields.ts'
import {THREAD_FIELDS} from './fields/thread-fields.ts'
import {TIME_FIELDS} from './fields/time-fields.ts'
import type {MatchContext} from './match-context.ts'

const EXTRACTORS: FieldSource = {
  ...TIME_FIELDS,
  ...EVENT_FIELDS,
  ...IO_FIELDS,
  ...PATH_FIELDS,
  ...PROCESS_FIELDS,
  ...THREAD_FIELDS,
  ...FD_FIELDS,
  ...CONTAINER_FIELDS,
  ...K8S_FIELDS,
  ...OWN_FIELDS,
}

/** Names of the fields that are filled. */
export const FILLED_FIELDS: ReadonlySet<string> = new Set(Object.keys(EXTRACTORS))

/** Binds fields to events, live or from captures. Fields that are never filled are always absent. */
export function fieldBinder(environment: {readonly hostname: string}): FieldBinder<MatchContext> {
  return {
    bind: field => {
      const {name} = field.def
      const factory = Object.hasOwn(EXTRACTORS, name) ? EXTRACTORS[name] : undefined
      return factory?.(field, environment) ?? probeField(field) ?? (() => undefined)
    },
  }
}
