import type {ByteString} from '../../schema/bytes.ts'
import {accept, isText, isTextList, refuse, type Transformer} from './transformer.ts'

/** `join(separator, (a, b))` */
export const join: Transformer = {
  name: 'join',
  doc: 'The members of a list with a separator between them.',
  check: args => {
    const [separator, list] = args
    if (separator === undefined || list === undefined || args.length > 2)
      return refuse('takes exactly two arguments')
    if (!isText(separator)) return refuse('takes one text as its separator')
    return isTextList(list)
      ? accept('string', false)
      : refuse('takes a list of texts as its second argument')
  },
  bind:
    () =>
    ([separator, list]) =>
      (list as readonly ByteString[]).join(separator as ByteString),
}
