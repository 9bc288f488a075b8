import {allOf, anyOf, type FilterLiteral, type KernelFilter} from './kernel-filter.ts'
import {textAtomKey} from './text/text-plan.ts'
import {type SetAtom, setPlace, unionOf} from './union-atoms.ts'

/** Names filters: those with the same name pass the same records. Names of different makers mean nothing to one another. */
export type FilterNames = (filter: KernelFilter) => string

/** Names that are worked out once for each filter, and each table of flags. */
export function createFilterNames(): FilterNames {
  const names = new Map<KernelFilter, string>()
  const shortened = new Map<string, string>()
  const objects = new Map<object, number>()
  const leafName = ({atom, want}: FilterLiteral): string => {
    if (atom.kind === 'number')
      return `${want} number ${atom.offset} ${atom.width} ${atom.op} ${atom.values.join()}`
    if (atom.kind === 'text') return `${want} ${setPlace(atom)} ${textAtomKey(atom)}`
    return `${want} ${JSON.stringify(atom, plain)}`
  }
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    // What is no plain object, or is long and shared, is known by being the same one.
    const isShared = Object.getPrototypeOf(value) !== Object.prototype || 'native' in value
    if (!isShared) return value
    const known = objects.get(value) ?? objects.size
    objects.set(value, known)
    return `object ${known}`
  }
  const nameOf = (filter: KernelFilter): string => {
    const known = names.get(filter)
    if (known !== undefined) return known
    const name =
      filter.kind === 'and' || filter.kind === 'or'
        ? `${filter.kind}(${filter.children.map(nameOf).join()})`
        : filter.kind === 'literal'
          ? leafName(filter)
          : filter.kind
    // Short names make those of what they are part of short.
    const short = shortened.get(name) ?? `${shortened.size}`
    shortened.set(name, short)
    names.set(filter, short)
    return short
  }
  return nameOf
}

/**
 * The same filter with fewer questions: those that ask whether the same thing is in a set and stand beside each other become
 * one, also where the same other questions stand beside each of them.
 */
export function mergeQuestions(filter: KernelFilter, nameOf: FilterNames): KernelFilter {
  if (filter.kind !== 'and' && filter.kind !== 'or') return filter
  const {kind} = filter
  const children = filter.children.map(child => mergeQuestions(child, nameOf))
  const joined = withoutRepeats(kind === 'and' ? allOf(children) : anyOf(children), nameOf)
  if (joined.kind !== kind) return joined
  // To be in none of several sets is not to be in all of them together.
  const merged = mergeLiterals(joined.children, kind === 'or')
  return kind === 'or' ? anyOf(mergeBeside(merged, nameOf)) : allOf(merged)
}

/** The same filter without children that another child makes idle: one like it, or one of its own children. */
function withoutRepeats(filter: KernelFilter, nameOf: FilterNames): KernelFilter {
  if (filter.kind !== 'and' && filter.kind !== 'or') return filter
  const byName = new Map(filter.children.map(child => [nameOf(child), child]))
  const isIdle = (child: KernelFilter): boolean =>
    (child.kind === 'and' || child.kind === 'or') &&
    child.children.some(grandchild => byName.has(nameOf(grandchild)))
  const children = [...byName.values()].filter(child => !isIdle(child))
  return filter.kind === 'and' ? allOf(children) : anyOf(children)
}

/** Joins the questions to the same thing that want this answer. */
function mergeLiterals(children: readonly KernelFilter[], want: boolean): KernelFilter[] {
  const groups = new Map<string, SetLiteral[]>()
  const others: KernelFilter[] = []
  for (const child of children) {
    if (isSet(child) && child.want === want) addTo(groups, setPlace(child.atom)!, child)
    else others.push(child)
  }
  return [...others, ...[...groups.values()].map(union)]
}

/** Joins questions to the same thing that stand beside the same others in an `and`. */
function mergeBeside(children: readonly KernelFilter[], nameOf: FilterNames): KernelFilter[] {
  const groups = new Map<string, {literal: SetLiteral; rest: readonly KernelFilter[]}[]>()
  const others: KernelFilter[] = []
  for (const child of children) {
    const literal = child.kind === 'and' ? selective(child.children) : undefined
    if (child.kind !== 'and' || literal === undefined) {
      others.push(child)
      continue
    }
    const rest = child.children.filter(other => other !== literal)
    const key = [setPlace(literal.atom), ...rest.map(nameOf).sort()].join()
    addTo(groups, key, {literal, rest})
  }
  const joined = [...groups.values()].map(group =>
    allOf([...group[0]!.rest, union(group.map(({literal}) => literal))]),
  )
  return [...others, ...joined]
}

function addTo<T>(groups: Map<string, T[]>, key: string, item: T): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [item])
  else group.push(item)
}

/** A question whether something is in a set. */
type SetLiteral = FilterLiteral & {readonly atom: SetAtom}

/** The question among these that rules differ in most likely. */
function selective(children: readonly KernelFilter[]): SetLiteral | undefined {
  const wanted = children.filter((child): child is SetLiteral => isSet(child) && child.want)
  return (
    wanted.find(isSelective) ??
    wanted.find(({atom}) => atom.kind === 'number' || atom.kind === 'socket')
  )
}

/** Whether the filter asks for texts, ports or addresses: few records have those that are asked for. */
export function isSelective(filter: KernelFilter): boolean {
  if (!isSet(filter) || !filter.want) return false
  const {atom} = filter
  return atom.kind === 'text' || (atom.kind === 'socket' && atom.question.ask !== 'class')
}

function isSet(filter: KernelFilter): filter is SetLiteral {
  return filter.kind === 'literal' && setPlace(filter.atom) !== undefined
}

function union(literals: readonly SetLiteral[]): KernelFilter {
  return {...literals[0]!, atom: unionOf(literals.map(({atom}) => atom))}
}
