import type {Span} from '../../diagnostics/span.ts'
import type {CheckExpr, Expr, FieldNode} from './ast.ts'
import {fieldsOf, walkChecks} from './visit.ts'

/** A doubtful place that shows in the tree alone, whether or not its fields exist. */
export interface TreeWarning {
  readonly code: 'LOAD_UNSAFE_NA_CHECK' | 'LOAD_DEPRECATED_ITEM'
  readonly message: string
  /** The deprecated field. */
  readonly deprecatedField?: string
  readonly span: Span
}

/** Fields that go away, with what to write instead. */
export const DEPRECATED_FIELDS: ReadonlyMap<string, string> = new Map([
  ['evt.dir', 'leave it out: only exit events reach rules'],
  ['evt.latency', 'there is no replacement'],
  ['evt.latency.s', 'there is no replacement'],
  ['evt.latency.ns', 'there is no replacement'],
  ['evt.latency.human', 'there is no replacement'],
  ['evt.wait_latency', 'there is no replacement'],
])

/** The warnings of a tree with its macros expanded: one for unsafe `<NA>` comparisons, one per deprecated field. */
export function treeWarnings(expr: Expr): readonly TreeWarning[] {
  const warnings: TreeWarning[] = []
  const reported = new Set<string>()
  walkChecks(expr, check => {
    const unsafe = unsafeField(check)
    if (unsafe && !reported.has('<NA>')) {
      reported.add('<NA>')
      warnings.push({
        code: 'LOAD_UNSAFE_NA_CHECK',
        message: `comparing '${unsafe.name}' with '<NA>' is unsafe: use 'not ${unsafe.name} exists'`,
        span: check.span,
      })
    }
    for (const field of checkFields(check)) {
      const advice = DEPRECATED_FIELDS.get(field.name)
      if (advice === undefined || reported.has(field.name)) continue
      reported.add(field.name)
      warnings.push({
        code: 'LOAD_DEPRECATED_ITEM',
        message: `field '${field.name}' is deprecated: ${advice}`,
        deprecatedField: field.name,
        span: field.span,
      })
    }
  })
  return warnings
}

function checkFields({left, right}: CheckExpr): readonly FieldNode[] {
  return right ? [...fieldsOf(left), ...fieldsOf(right)] : fieldsOf(left)
}

const NA_OPERATORS: ReadonlySet<string> = new Set(['=', '==', '!=', 'in', 'intersects', 'pmatch'])

/** The audit field that is compared with the text of an absent value, if one is. */
function unsafeField({left, op, modifier, right}: CheckExpr): FieldNode | undefined {
  if (modifier || !right || !NA_OPERATORS.has(op)) return undefined
  const literals = right.kind === 'list' ? right.items : right.kind === 'literal' ? [right] : []
  if (!literals.some(literal => literal.bytes === '<NA>')) return undefined
  return fieldsOf(left).find(({name}) => name.startsWith('ka.') || name.startsWith('jevt.'))
}
