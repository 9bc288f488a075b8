import type {Collection} from '../collection.ts'
import type {LoadedRule} from '../loaded-rule.ts'
import {LoadStop} from '../report/context.ts'
import type {LoadErrorCode, LoadIssue} from '../report/load-result.ts'
import type {WarningLog} from '../report/warning-log.ts'
import {compileLists} from './compile-lists.ts'
import {type CompiledMacro, compileMacros} from './compile-macros.ts'
import {compileRule} from './compile-rule.ts'
import {type CompiledList, createListSubstitution} from './list-substitution.ts'
import type {LoadCache} from './load-cache.ts'
import type {OutputAddition} from './output-additions.ts'

/** A collection that compiled. */
export interface CompiledCollection<C, T> {
  readonly lists: readonly CompiledList[]
  readonly macros: readonly CompiledMacro[]
  /** In the order of first definition. */
  readonly rules: readonly LoadedRule<C, T>[]
}

/** What compiling a collection needs besides it. */
export interface CollectionTools<C, T> {
  readonly cache: LoadCache<C, T>
  readonly warnings: WarningLog
  readonly additions: readonly OutputAddition[]
  /** Takes the error of one rule, which is then left out; without it the first one ends the compilation. */
  readonly skipRule?: (issue: LoadIssue<LoadErrorCode>) => void
}

/**
 * Compiles all lists, macros and rules, and reports macros and lists that nothing uses.
 *
 * @throws LoadStop at the first error
 */
export function compileCollection<C, T>(
  collection: Collection,
  {cache, warnings, additions, skipRule}: CollectionTools<C, T>,
): CompiledCollection<C, T> {
  const usedLists = new Set<string>()
  const usedMacros = new Set<string>()
  const useList = (name: string) => void usedLists.add(name)
  const useMacro = (name: string) => void usedMacros.add(name)
  const lists = compileLists(collection, useList)
  const shared = {collection, cache, lists: createListSubstitution(lists), useList, useMacro}
  const macros = compileMacros(shared)
  const rules: LoadedRule<C, T>[] = []
  for (const rule of collection.rules.values()) {
    try {
      const compiled = compileRule(rule, {...shared, macros, warnings, additions})
      if (compiled) rules.push(compiled)
    } catch (error) {
      if (!skipRule || !(error instanceof LoadStop)) throw error
      skipRule(error.issue)
    }
  }
  for (const {name, context} of collection.macros.values()) {
    if (usedMacros.has(name)) continue
    warnings.add('LOAD_UNUSED_MACRO', `nothing uses macro '${name}'`, context)
  }
  for (const {name, context} of collection.lists.values()) {
    if (usedLists.has(name)) continue
    warnings.add('LOAD_UNUSED_LIST', `nothing uses list '${name}'`, context)
  }
  return {lists, macros: macros.macros, rules}
}
