import {EVENT_PAIRS, EVENTS, GENERIC_EVENT_CODES, SYSCALL_NAMES} from '../schema/event-table.ts'
import type {CheckExpr, Expr, Operand, TransformerArg} from './condition/ast.ts'
import type {Problem} from './rules/checker.ts'

/** The answer of {@link eventCodesOf}. */
export type EventCodes =
  | {readonly ok: true; readonly codes: ReadonlySet<number>}
  | {readonly ok: false; readonly problem: Problem}

/** The code of the event that stands for the meta events of plugins. */
const ASYNC_CODE = 402

/** Meta events of plugins by name; those that also are events of their own stand for both. */
export const ASYNC_EVENT_NAMES: readonly string[] = ['container', 'container_removed']

const unused: ReadonlySet<string> = new Set(
  EVENT_PAIRS.filter(pair => pair.status === 'unused').flatMap(pair =>
    [pair.enter, pair.exit].flatMap(event => (event === undefined ? [] : [event.enumName])),
  ),
)

/**
 * Every event code that rules of the source `syscall` can be asked about. The answer of {@link eventCodesOf} is this very
 * object for conditions that say nothing about event types.
 */
export const ALL_EVENT_CODES: ReadonlySet<number> = new Set(
  EVENTS.filter(event => !unused.has(event.enumName) && event.name !== 'pluginevent').map(
    event => event.code,
  ),
)

const EMPTY: ReadonlySet<number> = new Set()

const GENERIC: ReadonlySet<number> = new Set(GENERIC_EVENT_CODES)

const byName = new Map<string, Set<number>>(
  ASYNC_EVENT_NAMES.map(name => [name, new Set([ASYNC_CODE])]),
)
for (const event of EVENTS) {
  if (!ALL_EVENT_CODES.has(event.code)) continue
  const codes = byName.get(event.name) ?? new Set()
  byName.set(event.name, codes.add(event.code))
}

/**
 * The codes of all events with a name: enter and exit, old and new. A system call without an event of its own stands for the
 * generic events, an unknown name for none.
 */
export function codesOfEventName(name: string): ReadonlySet<number> {
  return byName.get(name) ?? (SYSCALL_NAMES.has(name) ? GENERIC : EMPTY)
}

/**
 * The codes of the events on which a condition can be true, told from the tests of `evt.type`, `syscall.type` and `evt.num`
 * alone, and from tests of probes' fields, which only the probe's own events have: all other tests count as undecided. Refuses
 * conditions that compare `evt.type` in a way that cannot be followed. Macros must be expanded.
 *
 * @param probes - codes of probes' events by name; they are among {@link ALL_EVENT_CODES} where this object is the answer
 */
export function eventCodesOf(
  expr: Expr,
  probes: ReadonlyMap<string, number> = new Map(),
): EventCodes {
  const problem = findProblem(expr)
  return problem === undefined
    ? {ok: true, codes: codesOf(expr, false, {plain: new Map(), negated: new Map(), probes})}
    : {ok: false, problem}
}

/** Trees of macros come up again; each is looked at once under an even and once under an odd number of `not`. */
interface Memo {
  readonly plain: Map<Expr, ReadonlySet<number>>
  readonly negated: Map<Expr, ReadonlySet<number>>
  readonly probes: ReadonlyMap<string, number>
}

function codesOf(expr: Expr, negated: boolean, memo: Memo): ReadonlySet<number> {
  const done = negated ? memo.negated : memo.plain
  const known = done.get(expr)
  if (known !== undefined) return known
  const codes = codesOfNode(expr, negated, memo)
  done.set(expr, codes)
  return codes
}

function codesOfNode(expr: Expr, negated: boolean, memo: Memo): ReadonlySet<number> {
  switch (expr.kind) {
    case 'not':
      return codesOf(expr.child, !negated, memo)
    case 'and':
    case 'or': {
      // Under `not` a conjunction is a disjunction of negated children, and the other way round.
      const sets = expr.children.map(child => codesOf(child, negated, memo))
      return (expr.kind === 'and') === negated ? union(sets) : intersection(sets)
    }
    case 'identifier':
      return ALL_EVENT_CODES
    case 'check':
      return codesOfCheck(expr, negated, memo.probes)
  }
}

function union(sets: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  if (sets.includes(ALL_EVENT_CODES)) return ALL_EVENT_CODES
  const all = new Set<number>()
  for (const set of sets) for (const code of set) all.add(code)
  return all
}

function intersection(sets: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  // Undecided tests hand out the one universal set, which makes most intersections free, and its identity worth keeping.
  const [first, ...others] = sets.filter(set => set !== ALL_EVENT_CODES)
  if (first === undefined) return ALL_EVENT_CODES
  if (others.length === 0) return first
  return new Set([...first].filter(code => others.every(set => set.has(code))))
}

function codesOfCheck(
  check: CheckExpr,
  negated: boolean,
  probes: Memo['probes'],
): ReadonlySet<number> {
  const decided = isField(check.left, 'evt.type', 'syscall.type')
    ? codesOfTypeTest(check, probes)
    : isField(check.left, 'evt.num')
      ? codesOfNumberTest(check)
      : undefined
  if (decided !== undefined) return negated ? complement(decided, probes) : decided
  // An absent field makes its test false, and so `not` of it true.
  const probe = negated || probes.size === 0 ? undefined : probeOfTest(check, probes)
  return probe === undefined ? ALL_EVENT_CODES : new Set([probe])
}

/** The code of the probe whose fields a test needs. */
function probeOfTest({left, right}: CheckExpr, probes: Memo['probes']): number | undefined {
  const names = fieldNames(left)
  if (right?.kind === 'field' || right?.kind === 'transformer') names.push(...fieldNames(right))
  for (const name of names) {
    const code = probes.get(name.split('.', 2).join('.'))
    if (code !== undefined) return code
  }
  return undefined
}

function fieldNames(operand: TransformerArg): string[] {
  switch (operand.kind) {
    case 'field':
      return [operand.name]
    case 'transformer':
      return operand.args.flatMap(fieldNames)
    case 'args':
      return operand.items.flatMap(fieldNames)
    case 'literal':
      return []
  }
}

function isField(operand: Operand, ...names: readonly string[]): boolean {
  return operand.kind === 'field' && operand.arg === undefined && names.includes(operand.name)
}

function complement(codes: ReadonlySet<number>, probes: Memo['probes']): ReadonlySet<number> {
  if (codes === ALL_EVENT_CODES) return EMPTY
  return new Set([...ALL_EVENT_CODES, ...probes.values()].filter(code => !codes.has(code)))
}

/** The codes a type test accepts; undefined when it cannot be told. */
function codesOfTypeTest(
  check: CheckExpr,
  probes: Memo['probes'],
): ReadonlySet<number> | undefined {
  const isEvtType = isField(check.left, 'evt.type')
  if (check.op === 'exists') return isEvtType ? ALL_EVENT_CODES : undefined
  const names = literalsOf(check)
  if (names === undefined || !['=', '==', '!=', 'in'].includes(check.op)) return undefined
  const codeOf = (name: string): ReadonlySet<number> => {
    const probe = isEvtType ? probes.get(name) : undefined
    return probe === undefined ? codesOfEventName(name) : new Set([probe])
  }
  const codes = union(names.map(codeOf))
  return check.op === '!=' ? complement(codes, probes) : codes
}

/** The literals on the right; undefined for a field or transformer, and with a modifier. */
function literalsOf({right, modifier}: CheckExpr): readonly string[] | undefined {
  if (modifier !== undefined) return undefined
  if (right?.kind === 'literal') return [right.bytes]
  return right?.kind === 'list' ? right.items.map(item => item.bytes) : undefined
}

/** Numbers of events begin at 1, so some comparisons with 0 and 1 are decided. */
function codesOfNumberTest(check: CheckExpr): ReadonlySet<number> | undefined {
  const literals = literalsOf(check)
  if (literals === undefined || !literals.every(text => /^[0-9]{1,20}$/.test(text)))
    return undefined
  const numbers = literals.map(BigInt)
  if (check.op === 'in') return numbers.every(number => number === 0n) ? EMPTY : undefined
  const [number] = numbers
  if (number === 0n) {
    if (['=', '==', '<', '<='].includes(check.op)) return EMPTY
    if (['!=', '>', '>='].includes(check.op)) return ALL_EVENT_CODES
  }
  if (number === 1n && check.op === '<') return EMPTY
  if (number === 1n && check.op === '>=') return ALL_EVENT_CODES
  return undefined
}

function findProblem(expr: Expr): Problem | undefined {
  let problem: Problem | undefined
  const seen = new Set<Expr>()
  const visit = (node: Expr): void => {
    if (problem !== undefined || seen.has(node)) return
    seen.add(node)
    if (node.kind === 'check') problem = problemOf(node)
    else if (node.kind === 'not') visit(node.child)
    else if (node.kind !== 'identifier') node.children.forEach(visit)
  }
  visit(expr)
  return problem
}

function problemOf(check: CheckExpr): Problem | undefined {
  if (!['=', '==', '!=', 'in'].includes(check.op)) return undefined
  if (check.left.kind === 'transformer' && mentionsType(check.left))
    return {
      kind: 'other',
      message: "'evt.type' cannot be compared inside a transformer",
      span: check.left.span,
    }
  const right = check.right
  const byField = right?.kind === 'field' || right?.kind === 'transformer'
  if (byField && isField(check.left, 'evt.type'))
    return {
      kind: 'other',
      message: "'evt.type' cannot be compared with a field or transformer",
      span: right.span,
    }
  return undefined
}

function mentionsType(arg: TransformerArg): boolean {
  switch (arg.kind) {
    case 'field':
      return isField(arg, 'evt.type')
    case 'transformer':
      return arg.args.some(mentionsType)
    case 'args':
      return arg.items.some(mentionsType)
    case 'literal':
      return false
  }
}
