import {asciiUpper} from '../ascii-case.ts'
import {eachText, oneArgument, type Transformer} from './transformer.ts'

/** `toupper(text)` */
export const toupper: Transformer = {
  name: 'toupper',
  doc: 'The text with its ASCII letters in upper case; lists element by element.',
  check: oneArgument(['text']),
  bind: eachText(asciiUpper),
}
