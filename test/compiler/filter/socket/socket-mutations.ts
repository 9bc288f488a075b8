import type {KernelFilter} from '../../../../src/compiler/filter/kernel-filter.ts'
import {
  INTERNET,
  SOCKET_CLASS,
  type SocketAtom,
  type SocketQuestion,
} from '../../../../src/compiler/filter/socket/socket-atom.ts'

/** Ways to break the filter of a socket: each makes it drop something that it must let pass. */
export const SOCKET_MUTATIONS: readonly {
  readonly name: string
  readonly change: (filter: KernelFilter) => KernelFilter
}[] = [
  {
    name: 'if the ends were exchanged',
    change: onQuestion(question =>
      question.ask === 'class'
        ? question
        : {...question, end: question.end === 'local' ? 'remote' : 'local'},
    ),
  },
  {
    name: 'if a peer that is named elsewhere did not count',
    change: onAtom(atom => ({...atom, isPeerNamed: false})),
  },
  {
    name: 'if failed calls were taken for those that did not fail',
    change: onAtom(({failure: _, ...atom}) => atom),
  },
  {
    name: 'if failed calls had no descriptor',
    change: onAtom(atom =>
      atom.failure === undefined ? atom : {...atom, failure: {...atom.failure, means: 'none'}},
    ),
  },
  {
    name: 'if streams were the only sockets with addresses',
    change: onQuestion(question =>
      question.ask === 'class'
        ? {
            ...question,
            classes: question.classes & ~(SOCKET_CLASS.ipv4Other | SOCKET_CLASS.ipv6Other),
          }
        : question,
    ),
  },
  {
    name: 'if unix sockets were of the internet',
    change: onQuestion(question =>
      question.ask === 'class' && (question.classes & INTERNET) === 0
        ? {...question, classes: 0}
        : question,
    ),
  },
  {
    name: 'if the last port of a range did not belong to it',
    change: onQuestion(question =>
      question.ask === 'port'
        ? {...question, ranges: question.ranges.map(([first, last]) => [first, last - 1n])}
        : question,
    ),
  },
  {
    name: 'if networks had no first address',
    change: onQuestion(question =>
      question.ask === 'address'
        ? {...question, ipv4: question.ipv4.map(([first, last]) => [first + 1n, last])}
        : question,
    ),
  },
  {
    name: 'if no IPv6 address were asked for',
    change: onQuestion(question =>
      question.ask === 'address' ? {...question, ipv6: []} : question,
    ),
  },
  {
    name: 'if negations were lost',
    change: onLiteral(literal => ({...literal, want: true})),
  },
]

type Literal = Extract<KernelFilter, {kind: 'literal'}>

function onLiteral(change: (literal: Literal) => Literal): (filter: KernelFilter) => KernelFilter {
  const visit = (filter: KernelFilter): KernelFilter => {
    if (filter.kind === 'and' || filter.kind === 'or')
      return {...filter, children: filter.children.map(visit)}
    return filter.kind === 'literal' ? change(filter) : filter
  }
  return visit
}

function onAtom(change: (atom: SocketAtom) => SocketAtom): (filter: KernelFilter) => KernelFilter {
  return onLiteral(literal =>
    literal.atom.kind === 'socket' ? {...literal, atom: change(literal.atom)} : literal,
  )
}

function onQuestion(
  change: (question: SocketQuestion) => SocketQuestion,
): (filter: KernelFilter) => KernelFilter {
  return onAtom(atom => ({...atom, question: change(atom.question)}))
}
