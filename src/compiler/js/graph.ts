import type {CheckedCondition, CheckedOperand, CheckedTest} from '../checked.ts'
import {valueClass} from '../value-class.ts'

/** A condition of all rules together: equal conditions are one node. Children have smaller ids than their parents. */
export interface GraphNode {
  readonly id: number
  readonly kind: 'and' | 'or' | 'not' | 'test'
  /** In the order in which they are best asked: cheap and decisive ones first. */
  readonly children: readonly GraphNode[]
  /** Set for tests. */
  readonly test: CheckedTest | undefined
  /** Rough cost of an answer on average, in comparisons of two numbers. */
  readonly cost: number
  /** Guess how often it holds, 0 to 1, on an event that its rule is asked about. Only the order depends on it. */
  readonly chance: number
  /** Nodes and rules that refer to this one. */
  uses: number
}

/** Adds conditions one after the other; equal parts come back as the node that is there already. */
export interface GraphBuilder {
  add(condition: CheckedCondition): GraphNode
}

/** Starts an empty graph. */
export function createGraph(): GraphBuilder {
  const byKey = new Map<string, GraphNode>()
  const byObject = new Map<CheckedCondition, GraphNode>()

  const intern = (key: string, make: () => Omit<GraphNode, 'id' | 'uses'>): GraphNode => {
    const known = byKey.get(key)
    if (known !== undefined) return known
    const node = {...make(), id: byKey.size, uses: 0}
    for (const child of node.children) child.uses++
    byKey.set(key, node)
    return node
  }

  const build = (condition: CheckedCondition): GraphNode => {
    if (condition.kind === 'test') return intern(`=${condition.text}`, () => testNode(condition))
    if (condition.kind === 'not') {
      const child = add(condition.child)
      return intern(`!${child.id}`, () => notNode(child))
    }
    // Conditions are pure, their order cannot be observed: equal sets of children are one node.
    const {kind} = condition
    const children = new Map(condition.children.map(add).map(child => [child.id, child]))
    const [first] = children.values()
    if (children.size === 1) return first!
    const ids = [...children.keys()].sort((a, b) => a - b).join()
    return intern(`${kind} ${ids}`, () => junctionNode(kind, [...children.values()]))
  }

  const add = (condition: CheckedCondition): GraphNode => {
    const known = byObject.get(condition)
    if (known !== undefined) return known
    const node = build(condition)
    byObject.set(condition, node)
    return node
  }

  return {add}
}

type NewNode = Omit<GraphNode, 'id' | 'uses'>

function testNode(test: CheckedTest): NewNode {
  return {kind: 'test', children: [], test, cost: costOfTest(test), chance: chanceOfTest(test)}
}

function notNode(child: GraphNode): NewNode {
  const {cost, chance} = child
  return {kind: 'not', children: [child], test: undefined, cost, chance: 1 - chance}
}

/** The best order puts first what ends the question at the least cost. */
function junctionNode(kind: 'and' | 'or', children: readonly GraphNode[]): NewNode {
  const ends = ({chance}: GraphNode): number => Math.max(kind === 'and' ? 1 - chance : chance, 1e-6)
  const ordered = children.toSorted((a, b) => a.cost / ends(a) - b.cost / ends(b) || a.id - b.id)
  let cost = 1
  let goesOn = 1
  for (const child of ordered) {
    cost += goesOn * child.cost
    goesOn *= 1 - ends(child)
  }
  const chance = kind === 'and' ? goesOn : 1 - goesOn
  return {kind, children: ordered, test: undefined, cost, chance}
}

const OPERATOR_CHANCE: ReadonlyMap<string, number> = new Map([
  ['exists', 0.7],
  ['=', 0.05],
  ['!=', 0.9],
  ['in', 0.1],
  ['intersects', 0.1],
])

function chanceOfTest({op, left}: CheckedTest): number {
  // Rules are asked on events of their own types only, so tests of the type say little.
  if (left.text === 'evt.type' && op !== '!=') return 0.9
  if (left.text === 'evt.num' && op === '=') return 0.001
  if (valueClass(left.type) === 'bool' || ['<', '<=', '>', '>='].includes(op)) return 0.5
  return OPERATOR_CHANCE.get(op) ?? 0.08
}

const OPERATOR_COST: ReadonlyMap<string, number> = new Map([
  ['exists', 1],
  ['=', 1],
  ['!=', 1],
  ['in', 4],
  ['intersects', 4],
  ['startswith', 3],
  ['endswith', 3],
  ['contains', 8],
  ['icontains', 30],
  ['glob', 15],
  ['iglob', 40],
  ['pmatch', 40],
  ['regex', 150],
])

function costOfTest({op, left, right, modifier, constants}: CheckedTest): number {
  const each = (OPERATOR_COST.get(op) ?? 2) * (modifier === undefined ? 1 : constants.length + 1)
  return each + costOfOperand(left) + (right === undefined ? 0 : costOfOperand(right) + 20)
}

function costOfOperand(operand: CheckedOperand): number {
  switch (operand.kind) {
    case 'field': {
      if (operand.field.gather === 'ancestors') return 40
      return valueClass(operand.type) === 'text' || operand.list ? 3 : 1
    }
    case 'call':
      return operand.args.reduce((cost, arg) => cost + costOfOperand(arg), 20)
    case 'items':
      return operand.items.reduce((cost, item) => cost + costOfOperand(item), 5)
    case 'literal':
      return 0
  }
}
