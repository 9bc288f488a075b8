import type {Extractor, FieldRef} from '../../compiler/field-ref.ts'
import type {Users} from '../../state/users.ts'
import type {MatchContext} from '../match-context.ts'

/** What extractors need besides the event. */
export interface FieldEnvironment {
  readonly hostname: string
  readonly users: Users
}

/** Reads a field of the moment's event. */
export type LiveExtractor = Extractor<MatchContext>

/** Makes the extractor of a field with its argument. */
export type ExtractorFactory = (field: FieldRef, environment: FieldEnvironment) => LiveExtractor

/** Extractors by field name: what the live sensor fills. */
export type FieldSource = Readonly<Record<string, ExtractorFactory>>

/** A factory for a field without argument that needs nothing but the event. */
export function plain(extractor: LiveExtractor): ExtractorFactory {
  return () => extractor
}
