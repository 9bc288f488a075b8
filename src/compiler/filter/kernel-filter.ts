import type {FlagTable} from '../../schema/flag-table.ts'
import type {SocketAtom} from './socket/socket-atom.ts'

/**
 * The filter of one kind of record: what the kernel decides from the record itself, before it leaves the kernel. It is an
 * over-approximation of the conditions of all rules: a literal whose atom cannot be decided passes, whichever answer it asks for.
 */
export type KernelFilter =
  | {readonly kind: 'pass'}
  | {readonly kind: 'drop'}
  | {readonly kind: 'and' | 'or'; readonly children: readonly KernelFilter[]}
  | FilterLiteral

/** Passes when the atom's truth is `want`, and when it is unknown. */
export interface FilterLiteral {
  readonly kind: 'literal'
  readonly atom: FilterAtom
  readonly want: boolean
}

/** One question to a record. */
export type FilterAtom =
  | NumberAtom
  | BitsAtom
  | TextAtom
  | ProcessAtom
  | DescriptorAtom
  | SocketAtom

/** A number compared with constants. A slot without a value is unknown. */
export interface NumberAtom {
  readonly kind: 'number'
  /** From the record's start. */
  readonly offset: number
  /** 4: an unsigned member of the header; 8: a slot, signed. */
  readonly width: 4 | 8
  /** `in`: one of the values; `below`: smaller than the only one. Signed 64 bits each. */
  readonly op: 'in' | 'below'
  readonly values: readonly bigint[]
}

/** Bits of a flag slot, in the form in which events carry them, compared with constants. Never unknown. */
export interface BitsAtom {
  readonly kind: 'bits'
  readonly offset: number
  /** How the kernel's flags in the lower half become those of events; left out, they are carried as they are. */
  readonly table?: FlagTable
  /** The lowest two bits are an access mode. */
  readonly opens: boolean
  /** In the upper half stand further bits in the event's form. */
  readonly hasBitsAbove: boolean
  readonly mask: number
  /** What the masked bits may be. */
  readonly values: readonly number[]
}

/**
 * What a text must look like to be decided. `raw`: anything; `absolute`: begins with a slash; `normal`: absolute, and folding
 * leaves it alone for certain, see {@link isNormalPath}.
 */
export type TextForm = 'raw' | 'absolute' | 'normal'

/** One way for a text to match. What it `contains` is two bytes, none of them 0; `top`: no slash stands behind its first byte. */
export interface TextTest {
  readonly how: 'equal' | 'prefix' | 'suffix' | 'contains' | 'top'
  readonly text: string
}

/**
 * A text slot that matches at least one test. A text that was cut, could not be read, is longer than
 * {@link TEXT_FILTER_MAX} or is not of the form is unknown.
 */
export interface TextAtom {
  readonly kind: 'text'
  /** Of the slot, from the record's start. */
  readonly offset: number
  readonly form: TextForm
  readonly tests: readonly TextTest[]
  /** A test that matches makes the atom unknown: the tests are too many to be told apart. */
  readonly approximate?: true
}

/**
 * A condition on the thread's process that user space has judged: see `process/process-entry.ts`. Unknown where it has not, or what it
 * judged may have changed since.
 */
export interface ProcessAtom {
  readonly kind: 'process'
  readonly bit: number
  /** Other processes may change the answer. */
  readonly kin: boolean
  /** It hangs on the control groups alone: known for all threads in them. */
  readonly cgroup?: true
}

/**
 * A test of the descriptor that the record is about, which user space has judged: see `descriptor/descriptor-entry.ts`. Unknown where
 * it has not, or for another file.
 */
export interface DescriptorAtom {
  readonly kind: 'descriptor'
  readonly bit: number
  /** Offsets of the slots with the descriptor, the address of its file and the number of the node. */
  readonly fd: number
  readonly file: number
  readonly node: number
}

/** Longest text that filters decide on, in bytes; a multiple of eight bytes less one. */
export const TEXT_FILTER_MAX = 255

/** Lets every record pass. */
export const PASS: KernelFilter = {kind: 'pass'}
/** Lets none pass. */
export const DROP: KernelFilter = {kind: 'drop'}

/** Whether a text is an absolute path that folding leaves as it is. */
export function isNormalPath(text: string): boolean {
  return text === '/' || (text.startsWith('/') && !text.endsWith('/') && !hasFoldedPart(text))
}

/** Whether a part of a path between slashes, or behind the last one, is empty, `.` or `..`: folding takes it away. */
export function hasFoldedPart(path: string): boolean {
  return /\/(\/|\.\.?(\/|$))/.test(path)
}

/** All of the filters, simplified. */
export function allOf(children: readonly KernelFilter[]): KernelFilter {
  return join('and', children, 'pass', DROP)
}

/** Any of the filters, simplified. */
export function anyOf(children: readonly KernelFilter[]): KernelFilter {
  return join('or', children, 'drop', PASS)
}

function join(
  kind: 'and' | 'or',
  children: readonly KernelFilter[],
  neutral: 'pass' | 'drop',
  decisive: KernelFilter,
): KernelFilter {
  const flat: KernelFilter[] = []
  for (const child of children) {
    if (child.kind === decisive.kind) return decisive
    if (child.kind === kind) for (const grandchild of child.children) flat.push(grandchild)
    else if (child.kind !== neutral) flat.push(child)
  }
  if (flat.length === 0) return neutral === 'pass' ? PASS : DROP
  return flat.length === 1 ? flat[0]! : {kind, children: flat}
}

/** The opposite of a filter where everything is known; what is unknown passes here as well. */
export function opposite(filter: KernelFilter): KernelFilter {
  switch (filter.kind) {
    case 'pass':
      return DROP
    case 'drop':
      return PASS
    case 'literal':
      return {...filter, want: !filter.want}
    case 'and':
      return anyOf(filter.children.map(opposite))
    case 'or':
      return allOf(filter.children.map(opposite))
  }
}

/** The filter with every question to a text answered by "may be": what can be told before looking at texts. */
export function withoutTexts(filter: KernelFilter): KernelFilter {
  return replaceTexts(filter, () => PASS)
}

/** The filter with every question to the process answered by "may be". */
export function withoutProcesses(filter: KernelFilter): KernelFilter {
  return replaceLiterals(filter, literal => (literal.atom.kind === 'process' ? PASS : literal))
}

/** The filter with every question to the descriptor answered by "may be". */
export function withoutDescriptors(filter: KernelFilter): KernelFilter {
  return replaceLiterals(filter, literal => (literal.atom.kind === 'descriptor' ? PASS : literal))
}

/** The filter with every question to the socket answered by "may be". */
export function withoutSockets(filter: KernelFilter): KernelFilter {
  return replaceLiterals(filter, literal => (literal.atom.kind === 'socket' ? PASS : literal))
}

/** The filter of records whose texts are all known, and pass no test. */
export function withTextsUnmatched(filter: KernelFilter): KernelFilter {
  return replaceTexts(filter, ({want}) => (want ? DROP : PASS))
}

/** A filter in the place of each question to a text. */
export function replaceTexts(
  filter: KernelFilter,
  replacement: (literal: FilterLiteral & {readonly atom: TextAtom}) => KernelFilter,
): KernelFilter {
  return replaceLiterals(filter, literal => {
    const {atom} = literal
    return atom.kind === 'text' ? replacement({...literal, atom}) : literal
  })
}

function replaceLiterals(
  filter: KernelFilter,
  replacement: (literal: FilterLiteral) => KernelFilter,
): KernelFilter {
  switch (filter.kind) {
    case 'and':
      return allOf(filter.children.map(child => replaceLiterals(child, replacement)))
    case 'or':
      return anyOf(filter.children.map(child => replaceLiterals(child, replacement)))
    case 'literal':
      return replacement(filter)
    default:
      return filter
  }
}
