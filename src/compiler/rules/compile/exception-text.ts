import {
  conditionSource,
  type ExceptionDefinition,
  type ExceptionValue,
  type RuleDefinition,
} from '../collection.ts'
import {takesList} from '../exception-operators.ts'
import {failLoad} from '../report/context.ts'
import type {TextSource} from '../report/expression-text.ts'
import {createTextBuilder, type TextBuilder} from './text-builder.ts'

/**
 * The condition of a rule with its exceptions: `(condition) and not …`. Purely textual, nothing is escaped.
 *
 * @throws LoadStop when values do not fit the fields, or the text grows past its bound
 */
export function conditionWithExceptions(rule: RuleDefinition): TextSource {
  const exceptions = rule.exceptions.all
  const source = conditionSource(rule)
  if (exceptions.length === 0) return source
  const text = createTextBuilder(rule.conditionContext)
  text.add('(', rule.condition, ')')
  for (const exception of exceptions) {
    if (exception.values.length === 0) continue
    text.add(' and not ')
    const {fields, comps} = exception
    if (typeof fields === 'string') addSingle(text, exception, fields, comps as string)
    else addTuples(text, exception, fields, comps as readonly string[])
  }
  // The text between the parentheses stands in files, the rest is made here.
  const parts = [
    {start: 0, context: undefined},
    ...source.parts.map(({start, context}) => ({start: start + 1, context})),
    {start: rule.condition.length + 1, context: undefined},
  ]
  return {written: text.finish(), parts}
}

function addSingle(
  text: TextBuilder,
  {name, context, values}: ExceptionDefinition,
  field: string,
  operator: string,
): void {
  text.add('(', field, ' ', operator, ' (')
  for (const [i, value] of values.entries()) {
    if (typeof value !== 'string') {
      const message = `exception '${name}': its values must be texts, because 'fields' is one field`
      return failLoad('LOAD_ERR_VALIDATE', message, context)
    }
    text.add(i > 0 ? ', ' : '', quoteItem(value))
  }
  text.add('))')
}

function addTuples(
  text: TextBuilder,
  {name, context, values}: ExceptionDefinition,
  fields: readonly string[],
  operators: readonly string[],
): void {
  text.add('(')
  for (const [i, tuple] of values.entries()) {
    const members = typeof tuple === 'string' ? [] : tuple
    if (members.length !== fields.length) {
      const message = `exception '${name}': a value has ${members.length} members for ${fields.length} fields`
      return failLoad('LOAD_ERR_VALIDATE', message, context)
    }
    text.add(i > 0 ? ' or (' : '(')
    for (const [k, member] of members.entries()) {
      text.add(k > 0 ? ' and ' : '', fields[k]!, ' ', operators[k]!, ' ')
      addMember(text, member, operators[k]!)
    }
    text.add(')')
  }
  text.add(')')
}

function addMember(text: TextBuilder, member: ExceptionValue, operator: string): void {
  if (typeof member !== 'string') {
    text.add('(')
    for (const [i, item] of member.entries()) text.add(i > 0 ? ', ' : '', quoteItem(String(item)))
    text.add(')')
  } else if (!takesList(operator)) {
    text.add(quoteItem(member))
  } else if (member.startsWith('(')) {
    text.add(member)
  } else {
    text.add('(', member, ')')
  }
}

/** Puts an item in double quotes if it holds a blank and does not start with a quote. */
export function quoteItem(item: string): string {
  return item.includes(' ') && !/^["']/.test(item) ? `"${item}"` : item
}
