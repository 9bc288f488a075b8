import {valueClass} from '../value-class.ts'
import {accept, refuse, type Transformer} from './transformer.ts'

/** `len(text)`, `len(list)` */
export const len: Transformer = {
  name: 'len',
  doc: 'Bytes of a text or buffer, members of a list.',
  check: args => {
    const [arg] = args
    if (arg === undefined || args.length > 1) return refuse('takes exactly one argument')
    const type = valueClass(arg.type)
    if (arg.list || type === 'text' || type === 'bytes') return accept('uint64', false)
    return refuse(`does not take values of type ${arg.type}`)
  },
  bind:
    () =>
    ([value]) =>
      (value as string | readonly unknown[]).length,
}
