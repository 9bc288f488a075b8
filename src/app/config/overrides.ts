import {parseDocument} from 'yaml'
import {CodedError} from '../../diagnostics/error.ts'
import type {ConfigPath} from './problem.ts'

/** Steps of a key at most; the configuration is not deeper. */
const MAX_STEPS = 10
/** Length of a value at most. */
const MAX_VALUE = 64 * 1024

/** One `-o KEY=VALUE`, applied. */
export interface AppliedOverride {
  readonly key: string
  readonly path: ConfigPath
}

/**
 * Sets one value in a plain configuration object. Keys are dotted; `name[2]` replaces an element of a sequence and
 * `name[]` adds one. Values are YAML: `true`, `[a, b]`, `text`.
 *
 * @throws CodedError `CONFIG_INVALID` for a key or value that cannot be understood
 */
export function applyOverride(root: Record<string, unknown>, text: string): AppliedOverride {
  const equals = text.indexOf('=')
  const key = equals < 0 ? text : text.slice(0, equals)
  const steps = parseKey(key)
  const value = parseValue(key, text.slice(key.length + 1))
  const path: (string | number)[] = []
  let at: unknown = root
  for (const [index, step] of steps.entries()) {
    const isLast = index === steps.length - 1
    if (typeof step === 'string') {
      if (!isObject(at)) throw refused(key, 'leads through a value that has no keys')
      if (isLast) define(at, step, value)
      else if (!Object.hasOwn(at, step))
        define(at, step, typeof steps[index + 1] === 'string' ? {} : [])
      path.push(step)
      at = Object.hasOwn(at, step) ? at[step] : undefined
    } else {
      if (!Array.isArray(at)) throw refused(key, 'counts in a value that is no sequence')
      const element = step ?? at.length
      if (element > at.length) throw refused(key, `there are only ${at.length} elements`)
      if (isLast) at[element] = value
      else at[element] ??= {}
      path.push(element)
      at = at[element]
    }
  }
  return {key, path}
}

/** Names, element numbers, and undefined for "one more element". */
function parseKey(key: string): (string | number | undefined)[] {
  const steps: (string | number | undefined)[] = []
  for (const part of key.split('.')) {
    const match = /^([A-Za-z][A-Za-z0-9_-]*)(?:\[(\d{0,5})\])?$/.exec(part)
    if (match === null || steps.length >= MAX_STEPS) throw refused(key, 'is not a dotted key')
    steps.push(match[1]!)
    if (match[2] !== undefined) steps.push(match[2] === '' ? undefined : Number(match[2]))
  }
  return steps
}

function parseValue(key: string, text: string): unknown {
  if (text.length > MAX_VALUE) throw refused(key, 'the value is too long')
  try {
    const document = parseDocument(text, {prettyErrors: false})
    if (document.errors.length === 0) return document.toJS({maxAliasCount: 0})
  } catch {
    // Too deeply nested for the parser: no value of ours is.
  }
  throw refused(key, 'the value is not valid YAML')
}

function refused(key: string, reason: string): CodedError {
  return new CodedError('CONFIG_INVALID', `-o ${JSON.stringify(key.slice(0, 200))}: ${reason}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own property, whatever the name: `constructor` must not reach a prototype. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, {value, writable: true, enumerable: true, configurable: true})
}
