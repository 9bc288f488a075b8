import {accept, isText, refuse, type Transformer} from './transformer.ts'

/** `concat(a, b, …)` */
export const concat: Transformer = {
  name: 'concat',
  doc: 'Two or more texts in a row.',
  check: args => {
    if (args.length < 2) return refuse('takes at least two arguments')
    return args.every(isText) ? accept('string', false) : refuse('takes texts only')
  },
  bind: () => values => values.join(''),
}
