import type {Expr} from '../../condition/ast.ts'
import {type ExpandResult, expandMacros, type MacroLookup} from '../../condition/expand.ts'
import {type ParseResult, parseCondition, RULE_MAX_DEPTH} from '../../condition/parser.ts'
import type {ConditionVerdict, RuleChecker, TemplateVerdict} from '../checker.ts'
import type {LoadResult} from '../report/load-result.ts'
import {createSchemaCheck, type SchemaCheck} from '../schema-check.ts'
import {readYaml, type YamlResult} from '../yaml/read-yaml.ts'
import type {CompiledCollection} from './compile-collection.ts'
import {createRecentMap} from './recent-map.ts'

/**
 * Work that loads share. After each file the whole collection is compiled again, and a reload compiles mostly what was there
 * before; what did not change is taken from here. Trees keep their identity. A load with a cache yields what it yields
 * without one. What the last two loads that compiled something did not use is forgotten.
 */
export interface LoadCache<C, T> {
  readonly checker: RuleChecker<C, T>
  /** Called at the start of each load. */
  nextLoad(): void
  /**
   * What a file led to: it depends on that file, on those before it and on the options, all of which `key` stands for. `compile`
   * is called when it is not known.
   */
  afterFile(key: string, compile: () => AfterFile<C, T>): AfterFile<C, T>
  /** Distinguishes the documents of a file from all others: the same number means the same text. */
  numberOf(documents: YamlResult): number
  readYaml(text: string): YamlResult
  /** Made at the first call. */
  schemaCheck(): SchemaCheck
  parse(text: string): ParseResult
  expand(expr: Expr, lookup: MacroLookup): ExpandResult
  checkCondition(expr: Expr): ConditionVerdict<C>
  checkTemplate(text: string): TemplateVerdict<T>
}

/** What is there after a file was loaded. */
export interface AfterFile<C, T> {
  readonly result: LoadResult
  /** Of the last file after which all compiled. */
  readonly compiled: CompiledCollection<C, T>
}

/** Loads after which nothing that was not used is kept, though none of them compiled anything: files may be broken for a while. */
const MAX_IDLE_LOADS = 8
/** Characters of a file whose YAML is kept; the tree takes many times that. */
const MAX_KEPT_YAML = 1024 * 1024

/** An empty cache for loads with this checker; `loadRuleFiles` makes one when it is given none. */
export function createLoadCache<C, T>(checker: RuleChecker<C, T>): LoadCache<C, T> {
  const documents = createRecentMap<string, YamlResult>()
  const parsed = createRecentMap<string, ParseResult>()
  const templates = createRecentMap<string, TemplateVerdict<T>>()
  const expanded = new WeakMap<Expr, Expansion>()
  const conditions = new WeakMap<Expr, ConditionVerdict<C>>()
  const after = createRecentMap<string, AfterFile<C, T>>()
  const numbers = new WeakMap<YamlResult, number>()
  let lastNumber = 0
  let idleLoads = 0
  let hasCompiled = false
  let schemaCheck: SchemaCheck | undefined
  return {
    checker,
    nextLoad() {
      idleLoads++
      if (!hasCompiled && idleLoads < MAX_IDLE_LOADS) return
      hasCompiled = false
      idleLoads = 0
      for (const map of [documents, parsed, templates, after]) map.nextRound()
    },
    afterFile: (key, compile) =>
      after.getOrMake(key, () => {
        hasCompiled = true
        return compile()
      }),
    numberOf(result) {
      const number = numbers.get(result) ?? ++lastNumber
      numbers.set(result, number)
      return number
    },
    readYaml: text =>
      text.length > MAX_KEPT_YAML
        ? readYaml(text)
        : documents.getOrMake(text, () => readYaml(text)),
    schemaCheck() {
      schemaCheck ??= createSchemaCheck()
      return schemaCheck
    },
    parse: text => parsed.getOrMake(text, () => parseCondition(text, {maxDepth: RULE_MAX_DEPTH})),
    expand(expr, lookup) {
      const known = expanded.get(expr)
      if (known && isCurrent(known, lookup)) return known.result
      const uses: [string, Expr][] = []
      const result = expandMacros(expr, name => {
        const macro = lookup(name)
        if (typeof macro !== 'string') uses.push([name, macro.expr])
        return macro
      })
      if (result.ok) expanded.set(expr, {result, uses})
      return result
    },
    checkCondition(expr) {
      const known = conditions.get(expr)
      if (known !== undefined) return known
      const verdict = checker.checkCondition(expr)
      conditions.set(expr, verdict)
      return verdict
    },
    checkTemplate: text => templates.getOrMake(text, () => checker.checkTemplate(text)),
  }
}

interface Expansion {
  readonly result: ExpandResult
  /** The macros that went in, and their trees at that time. */
  readonly uses: readonly (readonly [name: string, expr: Expr])[]
}

function isCurrent({uses}: Expansion, lookup: MacroLookup): boolean {
  return uses.every(([name, expr]) => {
    const macro = lookup(name)
    return typeof macro !== 'string' && macro.expr === expr
  })
}
