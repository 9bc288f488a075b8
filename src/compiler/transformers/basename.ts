import {eachText, oneArgument, type Transformer} from './transformer.ts'

/** `basename(path)` */
export const basename: Transformer = {
  name: 'basename',
  doc: 'What follows the last slash, all of the text without one; lists element by element.',
  check: oneArgument(['text']),
  bind: eachText(path => path.slice(path.lastIndexOf('/') + 1)),
}
