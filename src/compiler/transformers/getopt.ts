import type {ByteString} from '../../schema/bytes.ts'
import {accept, isText, isTextList, refuse, type Transformer} from './transformer.ts'

/** One option found: its character, its value, and what it adds to the list of all. */
interface Option {
  readonly name: ByteString
  readonly value: ByteString
  readonly items: readonly ByteString[]
}

/** Characters of an option string; those that are followed by a colon take a value. */
function parseOptionString(text: ByteString): ReadonlyMap<ByteString, boolean> {
  const options = new Map<ByteString, boolean>()
  for (let at = text.startsWith(':') ? 1 : 0; at < text.length; at++) {
    if (text[at] !== ':') options.set(text[at]!, text[at + 1] === ':')
  }
  return options
}

function parseOptions(words: readonly ByteString[], optionString: ByteString): readonly Option[] {
  const known = parseOptionString(optionString)
  const found: Option[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '--' || word === '-' || !word.startsWith('-')) break
    if (word.startsWith('--')) continue
    for (let place = 1; place < word.length; place++) {
      const name = word[place]!
      const takesValue = known.get(name)
      if (takesValue === undefined) {
        found.push({name: '?', value: '?', items: ['?']})
      } else if (!takesValue) {
        found.push({name, value: name, items: [name]})
      } else {
        const inWord = place + 1 < word.length
        const value = inWord ? word.slice(place + 1) : words[++at]
        const items = value === undefined ? [''] : [name, value]
        found.push({name, value: value ?? '', items})
        break
      }
    }
  }
  return found
}

/** `getopt(args, "ab:")`, `getopt(args, "ab:")[b]` */
export const getopt: Transformer = {
  name: 'getopt',
  doc: 'The options of a command line with their values; in brackets: the value of one option.',
  takesOption: true,
  check: (args, option) => {
    const [words, optionString] = args
    if (words === undefined || optionString === undefined || args.length > 2)
      return refuse('takes exactly two arguments')
    if (!isTextList(words)) return refuse('takes a list of texts as its first argument')
    if (!isText(optionString)) return refuse('takes one text as its second argument')
    if (option !== undefined && option.length !== 1)
      return refuse('takes exactly one character in brackets')
    return accept('string', option === undefined)
  },
  bind:
    (_args, option) =>
    ([words, optionString]) => {
      const found = parseOptions(words as readonly ByteString[], optionString as ByteString)
      if (option === undefined) return found.flatMap(({items}) => items)
      return found.findLast(({name}) => name === option)?.value
    },
}
