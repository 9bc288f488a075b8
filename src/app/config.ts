import {closeSync, existsSync, fstatSync, openSync, readSync} from 'node:fs'
import {type Document, isMap, isNode, isScalar, parseDocument} from 'yaml'
import {CodedError} from '../diagnostics/error.ts'
import {placeAt} from '../diagnostics/span.ts'
import type {Config} from '../schema/config/config.ts'
import {CONFIG_SYNONYMS} from '../schema/config/config-schema.ts'
import {buildConfig, type RawConfig} from './config/build.ts'
import {checkConfig, type SchemaProblem} from './config/check.ts'
import {expandEnvironment} from './config/environment.ts'
import {outputProblems, type RawOutput} from './config/outputs.ts'
import {type AppliedOverride, applyOverride} from './config/overrides.ts'
import {type ConfigPath, type ConfigProblem, dotted} from './config/problem.ts'
import {readSecretFiles} from './config/secret-files.ts'
import {parseListenPlace} from './metrics/listen-place.ts'

/** Read when no file is named and it exists. */
export const DEFAULT_CONFIG_FILE = '/etc/detector/detector.yaml'

/** A larger file is refused. */
const MAX_BYTES = 1024 * 1024

/** Where a configuration comes from. */
export interface ConfigSource {
  /** Undefined: {@link DEFAULT_CONFIG_FILE} if it exists, else nothing but defaults. */
  readonly path: string | undefined
  /** `KEY=VALUE` in order; each outranks the file. */
  readonly overrides: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A configuration that was read. */
export interface LoadedConfig {
  readonly config: Config
  /** The file it came from, if any. */
  readonly path: string | undefined
  readonly warnings: readonly string[]
}

/**
 * Reads the configuration.
 *
 * @throws CodedError `CONFIG_INVALID` naming every mistake with its place
 */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const path = source.path ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined)
  const file = path === undefined ? {text: '', warnings: []} : readBounded(path)
  const result = parseConfig(file.text, source.overrides, source.env)
  if ('config' in result) return {config: result.config, path, warnings: file.warnings}
  const lines = result.problems.map(problem => problemLine(problem, path ?? 'the configuration'))
  const [first = '', ...more] = lines
  const message = more.length === 0 ? first : `${lines.length} mistakes:\n  ${lines.join('\n  ')}`
  throw new CodedError('CONFIG_INVALID', message)
}

/**
 * Understands the text of a configuration file. Mistakes are sorted by place, those of overrides last.
 *
 * @throws CodedError `CONFIG_INVALID` for an override that cannot be understood
 */
export function parseConfig(
  text: string,
  overrides: readonly string[],
  env: ConfigSource['env'],
): {readonly config: Config} | {readonly problems: readonly ConfigProblem[]} {
  const parsed = parseYaml(text)
  if ('problems' in parsed) return parsed
  const {document, root} = parsed
  const applied = overrides.map(override => applyOverride(root, override))
  const unset = expandEnvironment(root, env)
  const found: SchemaProblem[] = [
    ...unset.map(({path, message}) => ({path, message, hint: undefined})),
    ...checkConfig(root),
  ]
  const problems = found.map(problem => placed(problem, text, document, applied))
  if (problems.length === 0) {
    const more = [...contradictions(root), ...readSecretFiles(root['outputs'])]
    problems.push(...more.map(problem => placed(problem, text, document, applied)))
  }
  if (problems.length > 0) return {problems: problems.sort(byPlace)}
  return {config: buildConfig(root as RawConfig)}
}

function parseYaml(
  text: string,
):
  | {readonly document: Document; readonly root: Record<string, unknown>}
  | {readonly problems: readonly ConfigProblem[]} {
  const wrong = (message: string, offset?: number) => ({
    problems: [
      {
        message,
        hint: undefined,
        place: offset === undefined ? undefined : placeAt(text, offset),
        override: undefined,
      },
    ],
  })
  try {
    const document = parseDocument(text, {prettyErrors: false})
    const error = document.errors[0]
    // The parser's own message quotes the file, secrets included; its code says enough.
    if (error)
      return wrong(`not valid YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}`, error.pos[0])
    if (document.contents !== null && !isMap(document.contents)) {
      const isNull = isScalar(document.contents) && document.contents.value === null
      if (!isNull) return wrong('must be a mapping of keys to values', 0)
    }
    return {document, root: (document.toJS({maxAliasCount: 100}) ?? {}) as Record<string, unknown>}
  } catch {
    // Nested too deeply for the parser, or too many aliases: no configuration of ours is like that.
    return wrong('not valid YAML: nested too deeply')
  }
}

/** What the schema cannot say: names given twice, switched-on outputs without a target. */
function contradictions(root: Record<string, unknown>): SchemaProblem[] {
  const problems: SchemaProblem[] = []
  const at = (name: string): unknown =>
    name
      .split('.')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], root)
  for (const group of CONFIG_SYNONYMS) {
    // A list of outputs leaves no place for those that Falco's names mean.
    const names = group.map(name =>
      name.startsWith('outputs.') && Array.isArray(root['outputs']) ? 'outputs' : name,
    )
    const [first, second] = names.filter(name => at(name) !== undefined)
    if (second === undefined) continue
    problems.push({
      path: second.split('.'),
      message: `means the same as ${first}`,
      hint: 'give one',
    })
  }
  const targets = [
    ['outputs.file', 'filename'],
    ['file_output', 'filename'],
    ['outputs.webhook', 'url'],
    ['http_output', 'url'],
  ] as const
  for (const [name, key] of targets) {
    const output = at(name) as Record<string, unknown> | undefined
    if (output?.['enabled'] !== true || output[key] !== undefined) continue
    problems.push({path: name.split('.'), message: `needs the key ${key}`, hint: undefined})
  }
  if (Array.isArray(root['outputs']))
    problems.push(...outputProblems(root['outputs'] as readonly RawOutput[]))
  const {listen} = (root as RawConfig).metrics ?? {}
  if (listen !== undefined && parseListenPlace(listen) === undefined)
    problems.push({
      path: ['metrics', 'listen'],
      message: 'is neither ADDRESS:PORT nor an absolute path',
      hint: undefined,
    })
  for (const [index, entry] of ((root as RawConfig).append_output ?? []).entries()) {
    const names = (entry.extra_fields ?? []).map(field =>
      typeof field === 'string' ? field.replace(/^%/, '') : Object.keys(field)[0],
    )
    if (new Set(names).size === names.length) continue
    const path = ['append_output', index, 'extra_fields']
    problems.push({path, message: 'names a field twice', hint: undefined})
  }
  return problems
}

function placed(
  problem: SchemaProblem,
  text: string,
  document: Document,
  applied: readonly AppliedOverride[],
): ConfigProblem {
  const {path, key, hint} = problem
  const whole = key === undefined ? path : [...path, key]
  const override = applied.findLast(({path: set}) =>
    set.length <= whole.length
      ? set.every((step, i) => whole[i] === step)
      : // The override made the mappings on its way, unless the file has them.
        whole.every((step, i) => set[i] === step) && !document.hasIn(whole),
  )
  const name = dotted(whole) || 'the configuration'
  const offset = override === undefined ? offsetOf(document, path, key) : undefined
  return {
    message: key === undefined ? `${name} ${problem.message}` : `${problem.message} ${name}`,
    hint,
    place: offset === undefined ? undefined : placeAt(text, offset),
    override: override?.key,
  }
}

/** The offset of a value, or of a key in the mapping at the path; of the nearest thing around it if it is not there. */
function offsetOf(
  document: Document,
  path: ConfigPath,
  key: string | undefined,
): number | undefined {
  const node = path.length === 0 ? document.contents : document.getIn(path, true)
  if (key !== undefined && isMap(node)) {
    const pair = node.items.find(item => isScalar(item.key) && String(item.key.value) === key)
    if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0]
  }
  if (isNode(node) && node.range) return node.range[0]
  return path.length === 0 ? undefined : offsetOf(document, path.slice(0, -1), undefined)
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  const line = (problem: ConfigProblem) => problem.place?.line ?? Number.POSITIVE_INFINITY
  if (line(a) === line(b)) return (a.place?.column ?? 0) - (b.place?.column ?? 0)
  return line(a) < line(b) ? -1 : 1
}

function problemLine(problem: ConfigProblem, file: string): string {
  const {place, override, message, hint} = problem
  const inFile = place === undefined ? file : `${file}:${place.line}:${place.column}`
  const where = override === undefined ? inFile : `-o ${override}`
  return `${where}: ${message}${hint === undefined ? '' : ` (${hint})`}`
}

function readBounded(path: string): {readonly text: string; readonly warnings: readonly string[]} {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const buffer = Buffer.alloc(MAX_BYTES + 1)
    let size = 0
    for (let read = 1; read > 0 && size < buffer.length; size += read) {
      read = readSync(fd, buffer, size, buffer.length - size, null)
    }
    if (size > MAX_BYTES) throw new CodedError('CONFIG_INVALID', `${path} is larger than 1 MiB`)
    const stat = fstatSync(fd)
    const open = stat.isFile() && (stat.mode & 0o002) !== 0
    return {
      text: buffer.toString('utf8', 0, size),
      warnings: open ? [`${path} can be written by everyone`] : [],
    }
  } catch (error) {
    if (error instanceof CodedError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new CodedError('CONFIG_INVALID', `cannot read the configuration: ${reason}`, {
      cause: error,
    })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
