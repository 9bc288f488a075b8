import type {JudgedEvent, JudgedRule} from '../../../app/explain/judge-event.ts'
import type {TracedNode} from '../../../app/explain/trace-tree.ts'
import {printValue} from '../../../compiler/explain/print-value.ts'
import type {OperandValue} from '../../../compiler/explain/trace.ts'
import {printable} from '../../../diagnostics/code-frame.ts'
import {paint} from '../../render.ts'

/** Rules up to this number get their whole tree when none was named. */
const WHOLE_TREES = 3
/** Lines of one tree, and tests that are named as the reason. */
const TREE_LINES = 400
const REASONS_SHOWN = 3

/** How events are shown. */
export interface EventTextOptions {
  /** Rules were asked for by name. */
  readonly named: boolean
  /** Whole trees for all rules, and parts that decide nothing in full. */
  readonly verbose: boolean
  readonly color: boolean
  /** All rules that run were asked, and an event alerts for the first one that matches only. */
  readonly firstOnly: boolean
}

/** What rules made of an event, for a person. */
export function eventText(event: JudgedEvent, options: EventTextOptions): string {
  const {number, line, type, about, rules, otherTypes} = event
  const place = line === undefined ? '' : ` (line ${line})`
  const facts = about
    .map(({text, type: of, value}) => `${text}=${printValue(value!, of)}`)
    .join(' ')
  const head = `event ${number}${place}: ${printable(type)} ${facts}`.trimEnd()
  const lines = [paint('bold', head, options.color)]
  const isWhole = options.named || options.verbose || rules.length <= WHOLE_TREES
  for (const rule of rules) lines.push(...ruleLines(rule, isWhole || rule.matches, options))
  const first = rules.find(({matches}) => matches)
  if (options.firstOnly && rules.filter(({matches}) => matches).length > 1)
    lines.push(
      `  only the first of these alerts (rule_matching: first): ${printable(first!.rule.name)}`,
    )
  if (otherTypes.length > 0) {
    const names = otherTypes.map(({name}) => JSON.stringify(printable(name))).join(', ')
    lines.push(
      options.named
        ? `  not asked about events of this type: ${names}`
        : `  ${otherTypes.length === 1 ? '1 rule is' : `${otherTypes.length} rules are`} not asked about events of this type`,
    )
  }
  return `${lines.join('\n')}\n`
}

function ruleLines(
  {rule, matches, tree}: JudgedRule,
  isWhole: boolean,
  options: EventTextOptions,
): string[] {
  const {color} = options
  const verdict = matches ? paint('green', 'match', color) : paint('red', 'no match', color)
  const head = `  ${printable(rule.name)}: ${verdict}`
  if (!isWhole) return [`${head}, because ${because(tree)}`]
  const lines: string[] = []
  treeLines(tree, 2, lines, options)
  if (lines.length < TREE_LINES) return [head, ...lines]
  return [head, ...lines.slice(0, TREE_LINES), '    … the rest is left out (--json shows more)']
}

function treeLines(
  node: TracedNode,
  depth: number,
  lines: string[],
  options: EventTextOptions,
): void {
  if (lines.length > TREE_LINES) return
  const {holds, decides, macro, test, values = [], children = [], omitted = 0, kind} = node
  const {color, verbose} = options
  const mark = paint(holds ? 'green' : 'red', holds ? 'true ' : 'false', color && decides)
  const name = macro === undefined ? '' : `${printable(macro)} (macro)`
  const what = test ?? (name === '' ? kind : '')
  const shown = [name, what].filter(text => text !== '').join(': ')
  const yields = yieldsText(values)
  const isFolded = !decides && !verbose && macro !== undefined && children.length > 0
  const indent = '  '.repeat(depth)
  const text = yields === '' ? shown : `${shown}  ${yields}`
  lines.push(
    `${indent}${mark} ${decides ? text : paint('dim', text, color)}${isFolded ? ' …' : ''}`,
  )
  if (isFolded) return
  if (macro !== undefined && test === undefined && kind !== 'not')
    lines[lines.length - 1] += ` ${kind}`
  for (const child of children) treeLines(child, depth + 1, lines, options)
  if (omitted > 0) lines.push(`${indent}  … ${omitted} more parts`)
}

/** What the fields of a test yielded. */
function yieldsText(values: readonly OperandValue[]): string {
  const texts = values.map(({text, type, value}) =>
    value === undefined ? `${text} is absent` : `${text} = ${printValue(value, type)}`,
  )
  return texts.length === 0 ? '' : `[${texts.join('; ')}]`
}

/** Tests that are enough for the answer, in one line: of parts each of which would do, the first one. */
function because(tree: TracedNode): string {
  const found: string[] = []
  const visit = ({kind, holds, test, values = [], children = []}: TracedNode): void => {
    if (test !== undefined) found.push(`${test} is ${holds} ${yieldsText(values)}`.trimEnd())
    const deciding = children.filter(({decides}) => decides)
    const isOneEnough = kind !== 'not' && (kind === 'and') !== holds
    for (const child of isOneEnough ? deciding.slice(0, 1) : deciding) visit(child)
  }
  visit(tree)
  const shown = found.slice(0, REASONS_SHOWN).join(' and ')
  return found.length > REASONS_SHOWN ? `${shown}, and ${found.length - REASONS_SHOWN} more` : shown
}
