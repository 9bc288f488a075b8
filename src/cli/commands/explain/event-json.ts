import type {JudgedEvent} from '../../../app/explain/judge-event.ts'
import type {TracedNode} from '../../../app/explain/trace-tree.ts'
import {ipText} from '../../../compiler/ip-text.ts'
import {valueClass} from '../../../compiler/value-class.ts'
import {bytesOf, textOf} from '../../../schema/bytes.ts'
import type {FieldValue, Scalar, ValueType} from '../../../schema/value.ts'

/** Bytes of a text that go into JSON; what is cut says so. */
const TEXT_MAX = 4096

/** An explained event as one JSON object; keys are stable, new ones may come. */
export function eventJson({number, line, type, about, rules, otherTypes}: JudgedEvent): string {
  return JSON.stringify({
    num: number,
    ...(line !== undefined && {line}),
    type,
    about: Object.fromEntries(about.map(({text, type: of, value}) => [text, valueJson(value, of)])),
    rules: rules.map(({rule, matches, tree}) => ({
      rule: rule.name,
      match: matches,
      condition: nodeJson(tree),
    })),
    other_types: otherTypes.map(({name}) => name),
  })
}

function nodeJson(node: TracedNode): object {
  const {kind, holds, decides, macro, test, values, children, omitted} = node
  return {
    kind,
    holds,
    decides,
    ...(macro !== undefined && {macro}),
    ...(test !== undefined && {test}),
    ...(values !== undefined && {
      values: values.map(({text, type, value}) => ({field: text, value: valueJson(value, type)})),
    }),
    ...(children !== undefined && {children: children.map(nodeJson)}),
    ...(omitted !== undefined && {omitted}),
  }
}

/** A value as field events write it: texts, `{"hex": …}` for bytes that are none, numbers beyond 2^53 as texts; null: absent. */
function valueJson(value: FieldValue | undefined, type: ValueType): unknown {
  if (value === undefined) return null
  if (!Array.isArray(value)) return scalarJson(value as Scalar, type)
  return (value as readonly Scalar[]).map(one => scalarJson(one, type))
}

function scalarJson(value: Scalar, type: ValueType): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'string') return value
  const isAddress = valueClass(type) === 'ip' || valueClass(type) === 'net'
  if (isAddress && (value.length === 4 || value.length === 16)) return ipText(value)
  const kept = value.slice(0, TEXT_MAX)
  const text = textOf(kept)
  const cut = value.length > kept.length ? {cut_bytes: value.length - kept.length} : undefined
  const isText = bytesOf(text) === kept
  if (isText && cut === undefined) return text
  return isText ? {text, ...cut} : {hex: Buffer.from(kept, 'latin1').toString('hex'), ...cut}
}
