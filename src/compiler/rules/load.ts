import type {RuleChecker} from './checker.ts'
import {type Collection, createCollection, type RuleDefinition} from './collection.ts'
import {type CompiledCollection, compileCollection} from './compile/compile-collection.ts'
import type {CompiledMacro} from './compile/compile-macros.ts'
import type {CompiledList} from './compile/list-substitution.ts'
import {createLoadCache, type LoadCache} from './compile/load-cache.ts'
import type {OutputAddition} from './compile/output-additions.ts'
import type {LoadedRule} from './loaded-rule.ts'
import type {PluginRequirement} from './read/plugin-requirements.ts'
import {readDocuments} from './read/read-file.ts'
import type {EngineVersion} from './read/version.ts'
import {createIssue, fileContext, LoadStop} from './report/context.ts'
import type {LoadErrorCode, LoadIssue, LoadResult} from './report/load-result.ts'
import {createWarningLog, type WarningLog} from './report/warning-log.ts'
import type {SchemaCheck} from './schema-check.ts'
import {createSourceFile, decodeRuleText, type SourceFile} from './yaml/source-file.ts'
import type {YamlNode} from './yaml/yaml-node.ts'

/** Bytes that one rule file may have. */
export const MAX_RULE_FILE_BYTES = 32 * 1024 * 1024

/** A rule file in memory. */
export interface RuleFile {
  /** Shown in reports. */
  readonly name: string
  readonly content: string | Uint8Array
}

/** Settings of {@link loadRuleFiles}. */
export interface LoadOptions<C, T> {
  readonly checker: RuleChecker<C, T>
  /** Event sources that are there. Default: `syscall`. */
  readonly sources?: Iterable<string>
  /** Entries of `append_output` in the configuration. Default: none. */
  readonly appendOutput?: readonly OutputAddition[]
  /** Whether to check files against the schema; it costs some milliseconds. Default: true. */
  readonly schemaCheck?: boolean
  /** Report a rule that does not compile and go on without it, instead of failing its file. Default: false. */
  readonly skipInvalidRules?: boolean
  /** Default and maximum: {@link MAX_RULE_FILE_BYTES}. */
  readonly maxFileBytes?: number
  /** Kept by callers that load again and again; made with the same checker. Default: one for this load. */
  readonly cache?: LoadCache<C, T>
}

/** What a load yields. */
export interface Loaded<C, T> {
  /** One for each file, in order. Rules must not be used when one is not successful, unless invalid ones are skipped. */
  readonly results: readonly LoadResult[]
  /** Rules that compiled, in the order of first definition: those of the last file after which all compiled. */
  readonly rules: readonly LoadedRule<C, T>[]
  readonly macros: readonly CompiledMacro[]
  readonly lists: readonly CompiledList[]
  /** Every rule as collected, also those that were left out. */
  readonly definitions: ReadonlyMap<string, Readonly<RuleDefinition>>
  /** Of all files; see `unmetRequirements`. */
  readonly pluginRequirements: readonly PluginRequirement[]
  readonly requiredEngineVersion: EngineVersion | undefined
}

/**
 * Loads rule files one after the other: each one sees what those before it defined and may change it, and after each one
 * the whole collection is compiled. Never throws because of what the files hold; size, depth and growth are bounded.
 * Pure: the same input gives the same result.
 */
export function loadRuleFiles<C, T>(
  files: readonly RuleFile[],
  options: LoadOptions<C, T>,
): Loaded<C, T> {
  const collection = createCollection()
  const cache = options.cache ?? createLoadCache(options.checker)
  if (cache.checker !== options.checker) throw new Error('the cache belongs to another checker')
  cache.nextLoad()
  const loader: Loader<C, T> = {
    options,
    collection,
    sources: new Set(options.sources ?? ['syscall']),
    cache,
    schemaCheck: options.schemaCheck === false ? () => [] : cache.schemaCheck(),
    compiled: {lists: [], macros: [], rules: []},
    key: JSON.stringify([
      options.sources && [...options.sources],
      options.appendOutput,
      options.skipInvalidRules,
      options.schemaCheck,
    ]),
  }
  const results = files.map(file => loadFile(file, loader))
  return {
    results,
    ...loader.compiled,
    definitions: collection.rules,
    pluginRequirements: collection.pluginRequirements,
    requiredEngineVersion: collection.requiredEngineVersion,
  }
}

interface Loader<C, T> {
  readonly options: LoadOptions<C, T>
  readonly collection: Collection
  readonly sources: ReadonlySet<string>
  readonly cache: LoadCache<C, T>
  readonly schemaCheck: SchemaCheck
  /** Of the last file after which all compiled. */
  compiled: CompiledCollection<C, T>
  /** Stands for the options and the files up to now. */
  key: string
}

function loadFile<C, T>({name, content}: RuleFile, loader: Loader<C, T>): LoadResult {
  const maxBytes = Math.min(loader.options.maxFileBytes ?? Infinity, MAX_RULE_FILE_BYTES)
  const decoded = decodeRuleText(content, maxBytes)
  const file = createSourceFile(name, decoded.ok ? decoded.text : '')
  if (!decoded.ok) return unreadable(file, decoded.message, 0)
  const yaml = loader.cache.readYaml(decoded.text)
  if (!yaml.ok) return unreadable(file, yaml.message, yaml.offset)
  loader.key += `${JSON.stringify(name)}${loader.cache.numberOf(yaml)}`
  const read = collect(file, yaml.documents, loader)
  const {result, compiled} = loader.cache.afterFile(loader.key, () => {
    const made = compileFile(file, yaml.documents, read, loader)
    return {result: made, compiled: loader.compiled}
  })
  loader.compiled = compiled
  return result
}

/** What reading a file into the collection led to. */
interface ReadFile {
  readonly warnings: WarningLog
  /** The error that ended the reading. */
  readonly issue: LoadIssue<LoadErrorCode> | undefined
}

function collect<C, T>(
  file: SourceFile,
  documents: readonly (YamlNode | undefined)[],
  {collection, options, sources}: Loader<C, T>,
): ReadFile {
  const warnings = createWarningLog(fileContext(file))
  try {
    readDocuments(file, documents, {collection, warnings, sources, checker: options.checker})
    return {warnings, issue: undefined}
  } catch (error) {
    if (!(error instanceof LoadStop)) throw error
    return {warnings, issue: error.issue}
  }
}

function compileFile<C, T>(
  file: SourceFile,
  documents: readonly (YamlNode | undefined)[],
  {warnings, issue}: ReadFile,
  loader: Loader<C, T>,
): LoadResult {
  const {collection, options, cache} = loader
  const schemaWarnings = loader.schemaCheck(documents[0])
  const errors: LoadIssue<LoadErrorCode>[] = issue === undefined ? [] : [issue]
  try {
    if (issue === undefined)
      loader.compiled = compileCollection(collection, {
        cache,
        warnings,
        additions: options.appendOutput ?? [],
        ...(options.skipInvalidRules ? {skipRule: issue => void errors.push(issue)} : {}),
      })
  } catch (error) {
    if (!(error instanceof LoadStop)) throw error
    errors.push(error.issue)
  }
  return {
    name: file.name,
    successful: errors.length === 0,
    schemaValid: schemaWarnings.length === 0,
    schemaWarnings,
    errors,
    warnings: warnings.finish(),
  }
}

function unreadable(file: SourceFile, message: string, offset: number): LoadResult {
  return {
    name: file.name,
    successful: false,
    schemaValid: false,
    schemaWarnings: [message],
    errors: [createIssue('LOAD_ERR_YAML_PARSE', message, fileContext(file, offset))],
    warnings: [],
  }
}
