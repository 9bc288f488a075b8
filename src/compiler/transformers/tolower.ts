import {asciiLower} from '../ascii-case.ts'
import {eachText, oneArgument, type Transformer} from './transformer.ts'

/** `tolower(text)` */
export const tolower: Transformer = {
  name: 'tolower',
  doc: 'The text with its ASCII letters in lower case; lists element by element.',
  check: oneArgument(['text']),
  bind: eachText(asciiLower),
}
