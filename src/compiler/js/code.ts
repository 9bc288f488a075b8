/**
 * The only way program text comes about: templates written in our own sources, joined with names made of a letter and a
 * number. Constants, extractors and predicates are never printed, they are handed over by reference. A string in a template's
 * hole is a type error, and a run-time error should a cast have hidden it.
 */

const brand = Symbol('code')

/** A piece of program text. */
export interface Code {
  readonly [brand]: true
  readonly text: string
}

/** An identifier of the generated program. */
export interface Name extends Code {
  readonly isName: true
}

/** An identifier: one lower-case letter and a number. */
export function codeName(letter: string, index: number): Name {
  if (!/^[a-z]$/.test(letter) || !Number.isSafeInteger(index) || index < 0)
    throw new Error(`not a name of generated code: ${letter}${index}`)
  return {[brand]: true, isName: true, text: `${letter}${index}`}
}

/** Joins program text; holes take names and other code only. */
export function code(strings: TemplateStringsArray, ...parts: readonly Code[]): Code {
  let text = strings[0]!
  parts.forEach((part, i) => {
    text += checked(part).text + strings[i + 1]!
  })
  return {[brand]: true, text}
}

/** Joins a list of pieces with a separator from our own sources. */
export function joinCode(parts: readonly Code[], separator: ' && ' | ' || ' | ', ' | '\n'): Code {
  return {[brand]: true, text: parts.map(part => checked(part).text).join(separator)}
}

function checked(part: Code): Code {
  if (part?.[brand] !== true) throw new Error('only code may become program text')
  return part
}

/** An index or count in program text. */
export function codeNumber(value: number): Code {
  if (!Number.isSafeInteger(value)) throw new Error(`not a number for generated code: ${value}`)
  return {[brand]: true, text: String(value)}
}

/**
 * Turns program text into a function of the given parameters. Strict mode; the text sees the parameters and globals only.
 */
export function makeFunction(
  parameters: readonly Name[],
  body: Code,
): (...args: unknown[]) => unknown {
  const names = parameters.map(parameter => checked(parameter).text)
  return new Function(...names, `'use strict'\n${checked(body).text}`) as (
    ...args: unknown[]
  ) => unknown
}
