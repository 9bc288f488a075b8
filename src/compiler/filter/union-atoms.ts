import type {FilterAtom, NumberAtom, TextAtom, TextTest} from './kernel-filter.ts'
import {joinedRanges} from './socket/ranges.ts'
import type {SocketAtom, SocketQuestion} from './socket/socket-atom.ts'

/** An atom that holds where what it asks for is one of several. */
export type SetAtom = TextAtom | NumberAtom | SocketAtom

const PORT_BITS = 16
const IPV4_BITS = 32
const IPV6_BITS = 128

/** Names what the atom looks at: atoms of one name are known for the same records. Undefined for one that is no set. */
export function setPlace(atom: FilterAtom): string | undefined {
  switch (atom.kind) {
    case 'text':
      return `text ${atom.offset} ${atom.form} ${atom.approximate === true}`
    case 'number':
      return atom.op === 'in' ? `number ${atom.offset} ${atom.width}` : undefined
    case 'socket': {
      const {question, ...place} = atom
      const end = question.ask === 'class' ? '' : question.end
      // Two ends that are each in one of two sets need not both be in the same one.
      if (end === 'all') return undefined
      return `socket ${JSON.stringify(place)} ${question.ask} ${end}`
    }
    default:
      return undefined
  }
}

/** The atom that holds where one of these does, which all look at the same. */
export function unionOf(atoms: readonly SetAtom[]): SetAtom {
  const [first] = atoms
  if (first === undefined) throw new Error('there is no atom that looks at nothing')
  if (atoms.length === 1) return first
  switch (first.kind) {
    case 'text':
      return {...first, tests: allTests(ofKind(atoms, 'text'))}
    case 'number': {
      const values = ofKind(atoms, 'number').flatMap(atom => [...atom.values])
      return {...first, values: [...new Set(values)]}
    }
    case 'socket': {
      const questions = ofKind(atoms, 'socket').map(({question}) => question)
      return {...first, question: anyQuestion(questions)}
    }
  }
}

function ofKind<K extends SetAtom['kind']>(
  atoms: readonly SetAtom[],
  kind: K,
): Extract<SetAtom, {readonly kind: K}>[] {
  return atoms.filter((atom): atom is Extract<SetAtom, {readonly kind: K}> => atom.kind === kind)
}

/** The tests of all atoms, each once. */
export function allTests(atoms: readonly TextAtom[]): TextTest[] {
  const tests = new Map<string, TextTest>()
  for (const atom of atoms)
    for (const test of atom.tests) tests.set(`${test.how} ${test.text}`, test)
  return [...tests.values()]
}

function anyQuestion(questions: readonly SocketQuestion[]): SocketQuestion {
  const first = questions[0]!
  const same = <A extends SocketQuestion['ask']>(ask: A) =>
    questions.filter((each): each is Extract<SocketQuestion, {ask: A}> => each.ask === ask)
  switch (first.ask) {
    case 'class':
      return {...first, classes: same('class').reduce((bits, {classes}) => bits | classes, 0)}
    case 'port': {
      const ranges = same('port').flatMap(each => each.ranges)
      return {...first, ranges: joinedRanges(ranges, PORT_BITS)}
    }
    case 'address': {
      const all = same('address')
      const [ipv4, ipv6] = [all.flatMap(each => each.ipv4), all.flatMap(each => each.ipv6)]
      return {
        ...first,
        ipv4: joinedRanges(ipv4, IPV4_BITS),
        ipv6: joinedRanges(ipv6, IPV6_BITS),
      }
    }
  }
}
