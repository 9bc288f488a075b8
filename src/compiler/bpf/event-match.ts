import type {CheckedCondition, CheckedTest} from '../checked.ts'

/** Fields that hold the event's name. */
const NAME_FIELDS: ReadonlySet<string> = new Set(['evt.type', 'syscall.type'])

/**
 * Whether a condition can be true for an event of this name, told from its plain tests of the name alone. Needed where the
 * event's code says less: events of our own share the code of the generic one.
 */
export function canMatchEvent(condition: CheckedCondition, name: string): boolean {
  return truthsFor(name)(condition) !== false
}

/** The tests of a condition that its answer can depend on for an event of this name. */
export function testsForEvent(condition: CheckedCondition, name: string): CheckedTest[] {
  const truth = truthsFor(name)
  const tests: CheckedTest[] = []
  const seen = new Set<CheckedCondition>()
  const visit = (node: CheckedCondition): void => {
    if (seen.has(node) || truth(node) !== undefined) return
    seen.add(node)
    if (node.kind === 'test') tests.push(node)
    else if (node.kind === 'not') visit(node.child)
    else node.children.forEach(visit)
  }
  visit(condition)
  return tests
}

/** What is known of conditions for events of this name. */
function truthsFor(name: string): (node: CheckedCondition) => boolean | undefined {
  const known = new Map<CheckedCondition, boolean | undefined>()
  const truth = (node: CheckedCondition): boolean | undefined => {
    // Macros are shared objects: each is looked at once.
    if (!known.has(node)) known.set(node, truthOf(node))
    return known.get(node)
  }
  const truthOf = (node: CheckedCondition): boolean | undefined => {
    if (node.kind === 'test') return testTruth(node, name)
    if (node.kind === 'not') {
      const inner = truth(node.child)
      return inner === undefined ? undefined : !inner
    }
    const decisive = node.kind === 'or'
    const truths = node.children.map(truth)
    if (truths.includes(decisive)) return decisive
    return truths.includes(undefined) ? undefined : !decisive
  }
  return truth
}

/** What a test of the name says of it; undefined for other tests. */
function testTruth(
  {left, op, modifier, constants, right}: CheckedTest,
  name: string,
): boolean | undefined {
  if (left.kind !== 'field' || !NAME_FIELDS.has(left.field.def.name)) return undefined
  if (modifier !== undefined || right !== undefined) return undefined
  if (op === '=' || op === 'in') return constants.includes(name)
  return op === '!=' ? !constants.includes(name) : undefined
}
