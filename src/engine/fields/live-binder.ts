import type {FieldBinder} from '../../compiler/field-ref.ts'
import type {MatchContext} from '../match-context.ts'
import type {FieldEnvironment} from './field-source.ts'
import {LIVE_EXTRACTORS} from './live-fields.ts'

/** Binds fields to the events of the sensor. Fields that it does not fill are always absent. */
export function liveBinder(environment: FieldEnvironment): FieldBinder<MatchContext> {
  return {
    bind: field => {
      const factory = Object.hasOwn(LIVE_EXTRACTORS, field.def.name)
        ? LIVE_EXTRACTORS[field.def.name]
        : undefined
      return factory?.(field, environment) ?? (() => undefined)
    },
  }
}
