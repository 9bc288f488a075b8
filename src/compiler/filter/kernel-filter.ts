import type {FlagTable} from '../../schema/flag-table.ts'

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
export type FilterAtom = NumberAtom | BitsAtom | TextAtom

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

/** One way for a text to match. A prefix or suffix is not empty. */
export interface TextTest {
  readonly how: 'equal' | 'prefix' | 'suffix'
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
}

/** Longest text that filters decide on, in bytes; a multiple of eight bytes less one. */
export const TEXT_FILTER_MAX = 255

/** Lets every record pass. */
export const PASS: KernelFilter = {kind: 'pass'}
/** Lets none pass. */
export const DROP: KernelFilter = {kind: 'drop'}

/** Whether a text is an absolute path that folding leaves as it is. A part that begins with a dot counts as one that it may not. */
export function isNormalPath(text: string): boolean {
  if (!text.startsWith('/') || text.includes('//') || text.includes('/.')) return false
  return text === '/' || !text.endsWith('/')
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
  const flat = children
    .filter(child => child.kind !== neutral)
    .flatMap(child => (child.kind === kind ? child.children : [child]))
  if (flat.some(child => child.kind === decisive.kind)) return decisive
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
  switch (filter.kind) {
    case 'and':
      return allOf(filter.children.map(withoutTexts))
    case 'or':
      return anyOf(filter.children.map(withoutTexts))
    case 'literal':
      return filter.atom.kind === 'text' ? PASS : filter
    default:
      return filter
  }
}
