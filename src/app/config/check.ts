import {Ajv, type ErrorObject, type ValidateFunction} from 'ajv'
import {didYouMean} from '../../diagnostics/did-you-mean.ts'
import {CONFIG_SCHEMA} from '../../schema/config/config-schema.ts'
import type {ConfigPath} from './problem.ts'

/** What is wrong at one place. With `key`, the key itself is wrong and not its value. */
export interface SchemaProblem {
  readonly path: ConfigPath
  readonly key?: string
  readonly message: string
  readonly hint: string | undefined
}

let compiled: ValidateFunction | undefined

/** Compares a plain configuration object with the schema. Messages repeat no value. */
export function checkConfig(root: unknown): SchemaProblem[] {
  // Made on first use: not every command reads a configuration.
  compiled ??= new Ajv({allErrors: true, verbose: true}).compile(CONFIG_SCHEMA)
  if (compiled(root)) return []
  const errors = (compiled.errors ?? []).filter(
    // Both stand beside an error that says more: of the branch, and of the key.
    error => error.keyword !== 'if' && error.propertyName === undefined,
  )
  return withoutAlternatives(errors).map(error => problemOf(error, root))
}

/**
 * When none of several forms fits, each of them complains. That a value is of another type says nothing about the form
 * that was meant; what else there is comes from that form and is kept, and where there is nothing else, the statement
 * that none fits.
 */
function withoutAlternatives(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter(error => error.keyword === 'anyOf')
  const isInside = (error: ErrorObject, choice: ErrorObject): boolean =>
    error.schemaPath.startsWith(`${choice.schemaPath}/`) &&
    error.instancePath.startsWith(choice.instancePath)
  const isTelling = (error: ErrorObject, choice: ErrorObject): boolean =>
    isInside(error, choice) &&
    (error.keyword !== 'type' || error.instancePath !== choice.instancePath)
  return errors.filter(error => {
    if (error.keyword === 'anyOf') return !errors.some(other => isTelling(other, error))
    const choice = choices.find(candidate => isInside(error, candidate))
    return choice === undefined || isTelling(error, choice)
  })
}

function problemOf(error: ErrorObject, root: unknown): SchemaProblem {
  const path = toPath(error.instancePath, root)
  const known = Object.keys(error.parentSchema?.['properties'] ?? {})
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty'])
    const near = didYouMean(key, known)
    const others = known.length <= 12 ? `known keys: ${known.join(', ')}` : undefined
    const hint = near === undefined ? others : `did you mean ${near}?`
    return {path, key, message: 'unknown key', hint}
  }
  if (error.keyword === 'enum') {
    const allowed = (error.params['allowedValues'] as readonly unknown[]).map(String)
    const near = typeof error.data === 'string' ? didYouMean(error.data, allowed) : undefined
    const distinct = [...new Set(allowed.map(value => value.toLowerCase()))]
    const hint = near === undefined ? undefined : `did you mean ${near}?`
    return {path, message: `must be one of ${distinct.join(', ')}`, hint}
  }
  return {path, message: plainMessage(error), hint: undefined}
}

function plainMessage({keyword, params}: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return `must be ${TYPE_WORDS.get(String(params['type'])) ?? String(params['type'])}`
    case 'anyOf':
      return 'has none of the forms that may stand here'
    case 'required':
      return `needs the key ${String(params['missingProperty'])}`
    case 'minLength':
      return 'must not be empty'
    case 'minimum':
    case 'maximum':
      return `must be ${String(params['comparison'])} ${String(params['limit'])}`
    case 'pattern':
      return 'has a form that is not allowed'
    case 'propertyNames':
      return `must not have the key ${JSON.stringify(params['propertyName'])}`
    case 'minItems':
      return 'must not be empty'
    case 'minProperties':
    case 'maxProperties':
      return 'must have exactly one key'
    default:
      return 'is too long'
  }
}

const TYPE_WORDS: ReadonlyMap<string, string> = new Map([
  ['boolean', 'true or false'],
  ['string', 'text'],
  ['integer', 'a whole number'],
  ['array', 'a sequence'],
  ['object', 'a mapping'],
])

/** The steps of a JSON pointer; a step into a sequence is a number. */
function toPath(pointer: string, root: unknown): ConfigPath {
  let at = root
  return pointer
    .split('/')
    .slice(1)
    .map(escaped => {
      const text = escaped.replace(/~1/g, '/').replace(/~0/g, '~')
      const step = Array.isArray(at) ? Number(text) : text
      at = (at as Record<string | number, unknown> | undefined)?.[step]
      return step
    })
}
