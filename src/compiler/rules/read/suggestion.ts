import {didYouMean} from '../../../diagnostics/did-you-mean.ts'

/** A message about an unknown name, with the known name that it may have meant. */
export function withSuggestion(message: string, name: string, known: Iterable<string>): string {
  const nearby = didYouMean(name, known)
  return nearby === undefined ? message : `${message} (did you mean '${nearby}'?)`
}
