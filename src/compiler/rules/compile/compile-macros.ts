import type {Expr} from '../../condition/ast.ts'
import type {Expanded, MacroLookup} from '../../condition/expand.ts'
import {type Collection, conditionSource, type MacroDefinition} from '../collection.ts'
import {withSuggestion} from '../read/suggestion.ts'
import {type Context, failLoad, withinExpression} from '../report/context.ts'
import {
  createExpressionText,
  type ExpressionText,
  type TextSource,
} from '../report/expression-text.ts'
import type {ListSubstitution} from './list-substitution.ts'
import type {LoadCache} from './load-cache.ts'

/** Macros that may use each other in a row. */
const MAX_CHAIN = 200

/** A macro with its lists and macros put in. */
export interface CompiledMacro {
  readonly name: string
  /** The text that was parsed, its lists put in; the spans of its tree point into it. */
  readonly text: string
  readonly expression: ExpressionText
  readonly expr: Expr
  readonly conditionContext: Context
}

/** All macros of a load. */
export interface CompiledMacros {
  readonly macros: readonly CompiledMacro[]
  /** What rules see: every macro. */
  readonly lookup: MacroLookup
  /** The macro that a tree belongs to; with it spans are found again. */
  readonly ownerOf: (expr: Expr) => CompiledMacro | undefined
}

/** What compiling macros and rules works with. */
export interface CompileTools<C, T> {
  readonly collection: Collection
  readonly lists: ListSubstitution
  readonly cache: LoadCache<C, T>
  readonly useList: (name: string) => void
  readonly useMacro: (name: string) => void
}

/**
 * Parses all macros, then puts macros into macros. A macro sees the macros that were first defined before its own
 * latest change.
 *
 * @throws LoadStop at the first macro that does not parse, uses an unknown macro or itself, or grows past the bounds
 */
export function compileMacros<C, T>(tools: CompileTools<C, T>): CompiledMacros {
  const {collection, cache, useMacro} = tools
  const parsed = new Map<string, ParsedText>()
  for (const macro of collection.macros.values()) {
    parsed.set(macro.name, parseText(conditionSource(macro), macro.conditionContext, tools))
  }
  const done = new Map<string, Expanded>()
  const open = new Set<string>()
  const owners = new Map<Expr, CompiledMacro>()

  const find = (name: string, sees: (macro: MacroDefinition) => boolean): Expanded | string => {
    const macro = collection.macros.get(name)
    if (!macro || !sees(macro)) return unknownMacro(name, collection, macro !== undefined)
    useMacro(name)
    if (open.has(name)) return `macro '${name}' uses itself`
    if (open.size > MAX_CHAIN) return `macro '${name}': more than ${MAX_CHAIN} macros in a row`
    return expandMacro(macro)
  }
  const expandMacro = (macro: MacroDefinition): Expanded => {
    const known = done.get(macro.name)
    if (known) return known
    open.add(macro.name)
    const {expression, expr} = parsed.get(macro.name)!
    const {text} = expression
    const result = cache.expand(expr, name => find(name, ({index}) => index < macro.visibility))
    open.delete(macro.name)
    if (!result.ok) {
      const {message, span} = result.problem
      const outer = macro.conditionContext
      const place = withinExpression(outer, 'condition expression', expression, span)
      return failLoad('LOAD_ERR_VALIDATE', `macro '${macro.name}': ${message}`, place)
    }
    done.set(macro.name, result)
    // The tree of a macro that is just another macro belongs to that one, which comes first.
    if (!owners.has(result.expr)) {
      const {name, conditionContext} = macro
      owners.set(result.expr, {name, text, expression, expr: result.expr, conditionContext})
    }
    return result
  }
  const macros = [...collection.macros.values()].map(macro => {
    const {name, conditionContext} = macro
    const {expression} = parsed.get(name)!
    const {expr} = expandMacro(macro)
    return {name, text: expression.text, expression, expr, conditionContext}
  })
  return {
    macros,
    lookup: name => find(name, () => true),
    ownerOf: expr => owners.get(expr),
  }
}

/** A condition with its lists put in, and its tree. */
export interface ParsedText {
  readonly expression: ExpressionText
  readonly expr: Expr
}

/**
 * Puts lists into a condition and parses it.
 *
 * @throws LoadStop when it does not parse
 */
export function parseText<C, T>(
  source: TextSource,
  context: Context,
  {lists, cache, useList}: CompileTools<C, T>,
): ParsedText {
  const {text, toWritten} = lists.apply(source.written, context, useList)
  const expression = createExpressionText(text, {...source, toWritten})
  const parsed = cache.parse(text)
  if (parsed.ok) return {expression, expr: parsed.expr}
  const place = withinExpression(context, 'condition expression', expression, parsed.span)
  return failLoad('LOAD_ERR_COMPILE_CONDITION', parsed.message, place)
}

function unknownMacro(name: string, {macros, lists}: Collection, isLater: boolean): string {
  if (isLater) return `macro '${name}' is defined after its use`
  if (lists.has(name)) return `'${name}' is a list, not a macro`
  return withSuggestion(`undefined macro '${name}'`, name, macros.keys())
}
