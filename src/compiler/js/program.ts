import type {FieldValue} from '../../schema/value.ts'
import type {CheckedOperand, CheckedTest} from '../checked.ts'
import type {FieldBinder} from '../field-ref.ts'
import {bindOperand} from '../operand-value.ts'
import {valueClass} from '../value-class.ts'
import {type Code, code, codeName, codeNumber, joinCode, makeFunction, type Name} from './code.ts'
import {preparePair, prepareTest} from './constant-test.ts'
import type {GraphNode} from './graph.ts'

/*
 * Program text for the nodes of a graph. Each operand and each larger node becomes one small function, a *unit*; nodes that
 * are used several times keep their answer for the event at hand. Units refer only to earlier ones, so they can be
 * cut into chunks, each built by one call of `new Function` with what it needs handed over in two arrays:
 *
 *     p0 = state {g: number of the event, e: the event}   p1 = units of earlier chunks   p2 = constants
 *     function u7() { if (s7 !== p0.g) { s7 = p0.g; v7 = x3(p0.e) } return v7 }      a field
 *     function u9() { let a; return (a = u7()) !== undefined && a.startsWith(c4) }   a node
 */

/** Nodes that cost less are computed anew instead of being kept. */
const MEMO_COST = 6

/** Tests that one function may hold: far below the size at which V8 stops optimising. */
const MAX_TESTS = 60

/** Depth of an expression before the rest becomes a function of its own. */
const MAX_NESTING = 20

/** Characters of program text in one chunk. */
const CHUNK_SIZE = 60_000

/** A function of the program: the value of an operand or the answer of a node, for the event at hand. */
export type Unit = () => FieldValue | undefined

/** The event at hand; shared by all units of a program. */
export interface ProgramState<E> {
  /** Number of the event: values kept under another number are stale. */
  g: number
  e: E | undefined
}

/** Program under construction. */
export interface ProgramBuilder {
  /** Adds the function that answers a node; its place in {@link Program.units}. */
  addNode(node: GraphNode): number
  /** Adds the function that yields an operand. */
  addOperand(operand: CheckedOperand): number
  /** Builds all that was added. */
  finish(): Program
}

/** A built program. */
export interface Program {
  readonly units: readonly Unit[]
  /** Forgets all kept values, so that the numbers of events can start again. */
  readonly reset: () => void
}

interface UnitText {
  readonly text: Code
  /** Declares and forgets what the unit keeps. */
  readonly slot?: {readonly declare: Code; readonly reset: Code}
  readonly imports: ReadonlySet<number>
  readonly constants: ReadonlySet<number>
}

/** What the unit being written refers to. */
interface Scope {
  readonly imports: Set<number>
  readonly constants: Set<number>
  tests: number
}

/** Starts a program over a source of values. Extractors are bound once for each distinct operand. */
export function createProgram<E>(binder: FieldBinder<E>, state: ProgramState<E>): ProgramBuilder {
  const units: UnitText[] = []
  const built: Unit[] = []
  const constants: unknown[] = []
  const nodeUnits = new Map<GraphNode, number>()
  const operandUnits = new Map<string, number>()
  const stateName = codeName('p', 0)

  const unitName = (index: number, scope: Scope): Name => {
    scope.imports.add(index)
    return codeName('u', index)
  }

  const constant = (value: unknown, scope: Scope): Name => {
    constants.push(value)
    scope.constants.add(constants.length - 1)
    return codeName('c', constants.length - 1)
  }

  const push = (
    text: (index: number) => Omit<UnitText, 'imports' | 'constants'>,
    scope: Scope,
  ): number => {
    const index = units.length
    units.push({...text(index), imports: scope.imports, constants: scope.constants})
    return index
  }

  const addOperand = (operand: CheckedOperand): number => {
    const known = operandUnits.get(operand.text)
    if (known !== undefined) return known
    const scope = newScope()
    const extract = constant(bindExtractor(operand), scope)
    const index = push(i => keeping(i, stateName, code`${extract}(${stateName}.e)`), scope)
    operandUnits.set(operand.text, index)
    return index
  }

  /** Transformers read their fields through the fields' own units, so that each is extracted once. */
  const bindExtractor = (operand: CheckedOperand): ((event: E) => FieldValue | undefined) => {
    if (operand.kind === 'field') return bindOperand(operand, field => binder.bind(field))
    return bindOperand(operand, field => {
      const {text, type, list} = field
      const index = addOperand({kind: 'field', field, type, list, text})
      return () => built[index]!()
    })
  }

  const addNode = (node: GraphNode): number => {
    const known = nodeUnits.get(node)
    if (known !== undefined) return known
    const scope = newScope()
    const expression = nodeBody(node, scope, 0)
    const keep = node.uses > 1 && node.cost >= MEMO_COST
    const index = push(
      i =>
        keep
          ? keeping(i, stateName, expression)
          : {text: code`function ${codeName('u', i)}() { let a; return ${expression} }`},
      scope,
    )
    nodeUnits.set(node, index)
    return index
  }

  /** A node inside an expression: a call when it has or deserves a function of its own. */
  const nodeCode = (node: GraphNode, scope: Scope, depth: number): Code => {
    const shared = node.uses > 1 && node.cost >= MEMO_COST
    const large = node.kind !== 'test' && (depth >= MAX_NESTING || scope.tests >= MAX_TESTS)
    if (nodeUnits.has(node) || shared || large) return code`${unitName(addNode(node), scope)}()`
    return nodeBody(node, scope, depth)
  }

  const nodeBody = (node: GraphNode, scope: Scope, depth: number): Code => {
    if (node.test !== undefined) return testCode(node.test, scope)
    if (node.kind === 'not') return code`!(${nodeCode(node.children[0]!, scope, depth + 1)})`
    const separator = node.kind === 'and' ? ' && ' : ' || '
    if (node.children.length > MAX_TESTS) return manyCode(node, separator, scope)
    const parts = node.children.map(child => code`(${nodeCode(child, scope, depth + 1)})`)
    return joinCode(parts, separator)
  }

  /** A flat run of very many children is cut into functions of bounded size, several levels of them if need be. */
  const manyCode = (node: GraphNode, separator: ' && ' | ' || ', scope: Scope): Code => {
    let calls: (inner: Scope) => Code
    let level: ((inner: Scope) => Code)[] = node.children.map(
      child => inner => code`(${nodeCode(child, inner, 1)})`,
    )
    while (level.length > MAX_TESTS) {
      const next: ((inner: Scope) => Code)[] = []
      for (let at = 0; at < level.length; at += MAX_TESTS) {
        const inner = newScope()
        const body = joinCode(
          level.slice(at, at + MAX_TESTS).map(part => part(inner)),
          separator,
        )
        const index = push(
          i => ({text: code`function ${codeName('u', i)}() { let a; return ${body} }`}),
          inner,
        )
        calls = outer => code`${unitName(index, outer)}()`
        next.push(calls)
      }
      level = next
    }
    return joinCode(
      level.map(part => part(scope)),
      separator,
    )
  }

  const testCode = (test: CheckedTest, scope: Scope): Code => {
    scope.tests++
    const left = code`${unitName(addOperand(test.left), scope)}()`
    if (test.right !== undefined) {
      const right = code`${unitName(addOperand(test.right), scope)}()`
      const pair = constant(preparePair(test), scope)
      return code`${left} !== undefined && ${right} !== undefined && ${pair}(${left}, ${right})`
    }
    const simple = simpleTest(test, left, scope)
    if (simple !== undefined) return simple
    return code`(a = ${left}) !== undefined && ${constant(prepareTest(test), scope)}(a)`
  }

  /** Tests of one plain value that need no function call. */
  const simpleTest = (test: CheckedTest, left: Code, scope: Scope): Code | undefined => {
    const {op, modifier, constants: values} = test
    const gathered = test.left.kind === 'field' && test.left.field.gather !== undefined
    const isNet = valueClass(test.left.type) === 'net'
    if (gathered || test.left.list || modifier !== undefined || isNet) return undefined
    const value = (): Name => constant(values[0], scope)
    switch (op) {
      case 'exists':
        return code`${left} !== undefined`
      case '=':
        return code`${left} === ${value()}`
      case '!=':
        return code`(a = ${left}) !== undefined && a !== ${value()}`
      case '<':
        return code`(a = ${left}) !== undefined && a < ${value()}`
      case '<=':
        return code`(a = ${left}) !== undefined && a <= ${value()}`
      case '>':
        return code`(a = ${left}) !== undefined && a > ${value()}`
      case '>=':
        return code`(a = ${left}) !== undefined && a >= ${value()}`
      case 'startswith':
      case 'bstartswith':
        return code`(a = ${left}) !== undefined && a.startsWith(${value()})`
      case 'endswith':
        return code`(a = ${left}) !== undefined && a.endsWith(${value()})`
      case 'contains':
      case 'bcontains':
        return code`(a = ${left}) !== undefined && a.includes(${value()})`
      case 'in':
      case 'intersects':
        return code`${constant(new Set(values), scope)}.has(${left})`
      default:
        return undefined
    }
  }

  const finish = (): Program => {
    const resets: (() => void)[] = []
    for (let from = 0; from < units.length; ) {
      let to = from
      for (let size = 0; to < units.length && size < CHUNK_SIZE; to++)
        size += units[to]!.text.text.length
      resets.push(buildChunk(from, to))
      from = to
    }
    return {
      units: built,
      reset: () => {
        for (const reset of resets) reset()
      },
    }
  }

  const buildChunk = (from: number, to: number): (() => void) => {
    const chunk = units.slice(from, to)
    const imports = [...new Set(chunk.flatMap(unit => [...unit.imports]))].filter(i => i < from)
    const used = [...new Set(chunk.flatMap(unit => [...unit.constants]))]
    const slots = chunk.flatMap(unit => (unit.slot === undefined ? [] : [unit.slot]))
    const names = chunk.map((_, i) => codeName('u', from + i))
    const body = joinCode(
      [
        ...imports.map(
          (unit, i) => code`const ${codeName('u', unit)} = ${codeName('p', 1)}[${codeNumber(i)}]`,
        ),
        ...used.map(
          (value, i) => code`const ${codeName('c', value)} = ${codeName('p', 2)}[${codeNumber(i)}]`,
        ),
        ...slots.map(slot => slot.declare),
        ...chunk.map(unit => unit.text),
        code`return [[${joinCode(names, ', ')}], function () {`,
        ...slots.map(slot => slot.reset),
        code`}]`,
      ],
      '\n',
    )
    const make = makeFunction([stateName, codeName('p', 1), codeName('p', 2)], body)
    const [functions, reset] = make(
      state,
      imports.map(i => built[i]),
      used.map(i => constants[i]),
    ) as [readonly Unit[], () => void]
    built.push(...functions)
    return reset
  }

  return {addNode, addOperand, finish}
}

function newScope(): Scope {
  return {imports: new Set(), constants: new Set(), tests: 0}
}

/** A unit that keeps its value for the event at hand. */
function keeping(index: number, state: Name, value: Code): Omit<UnitText, 'imports' | 'constants'> {
  const unit = codeName('u', index)
  const stamp = codeName('s', index)
  const kept = codeName('v', index)
  return {
    text: code`function ${unit}() { let a; if (${stamp} !== ${state}.g) { ${kept} = ${value}; ${stamp} = ${state}.g } return ${kept} }`,
    slot: {
      declare: code`let ${stamp} = -1, ${kept}`,
      reset: code`${stamp} = -1; ${kept} = undefined`,
    },
  }
}
