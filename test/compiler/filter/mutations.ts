import type {
  FilterAtom,
  KernelFilter,
  TextAtom,
} from '../../../src/compiler/filter/kernel-filter.ts'

/** Ways to break a filter: each makes it drop something that it must let pass. */
export const MUTATIONS: readonly {
  readonly name: string
  readonly change: (filter: KernelFilter) => KernelFilter
}[] = [
  {name: 'if any filter dropped everything', change: () => ({kind: 'drop'})},
  {
    name: 'if one of several sufficed no longer',
    change: onNode(node => (node.kind === 'or' ? {...node, kind: 'and'} : node)),
  },
  {
    name: 'if negations were lost',
    change: onNode(node => (node.kind === 'literal' ? {...node, want: true} : node)),
  },
  {
    name: 'if names were not looked at for dots and slashes',
    change: onText(atom => ({...atom, form: 'absolute'})),
  },
  {name: 'if relative names were compared', change: onText(atom => ({...atom, form: 'raw'}))},
  {
    name: 'if folders were taken for files',
    change: onText(atom => ({...atom, tests: atom.tests.map(test => ({...test, how: 'equal'}))})),
  },
  {
    name: 'if the end of a name did not count',
    change: onText(atom => ({
      ...atom,
      tests: atom.tests.map(test => (test.how === 'suffix' ? {...test, how: 'prefix'} : test)),
    })),
  },
  {
    name: 'if the last constant were forgotten',
    change: onText(atom => ({...atom, tests: atom.tests.slice(0, -1)})),
  },
  {
    name: 'if numbers were compared one too low',
    change: onAtom(atom =>
      atom.kind === 'number' ? {...atom, values: atom.values.map(value => value - 1n)} : atom,
    ),
  },
  {
    name: 'if ids were read from the next member',
    change: onAtom(atom =>
      atom.kind === 'number' && atom.width === 4 ? {...atom, offset: atom.offset + 4} : atom,
    ),
  },
  {
    name: 'if flags were compared as the kernel numbers them',
    change: onAtom(atom => {
      if (atom.kind !== 'bits') return atom
      const {table: _, ...plain} = atom
      return plain
    }),
  },
  {
    name: 'if the access mode were no number of its own',
    change: onAtom(atom => (atom.kind === 'bits' ? {...atom, opens: false} : atom)),
  },
]

function onNode(
  change: (node: KernelFilter) => KernelFilter,
): (filter: KernelFilter) => KernelFilter {
  const visit = (node: KernelFilter): KernelFilter =>
    change(
      node.kind === 'and' || node.kind === 'or'
        ? {...node, children: node.children.map(visit)}
        : node,
    )
  return visit
}

function onAtom(change: (atom: FilterAtom) => FilterAtom): (filter: KernelFilter) => KernelFilter {
  return onNode(node => (node.kind === 'literal' ? {...node, atom: change(node.atom)} : node))
}

function onText(change: (atom: TextAtom) => TextAtom): (filter: KernelFilter) => KernelFilter {
  return onAtom(atom => (atom.kind === 'text' ? change(atom) : atom))
}
