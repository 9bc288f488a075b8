import {RE2JS} from 're2js'
import type {ByteString} from '../../schema/bytes.ts'
import type {ValueType} from '../../schema/value.ts'
import {type LiteralResult, parseLiteral} from '../check/literals.ts'
import type {ScalarOperator} from './operator.ts'
import {dialectProblem} from './regex-dialect.ts'
import {decodeLossy} from './utf8-lossy.ts'

/**
 * Compiles a pattern whose dialect was checked. Multi-line mode because `^` and `$` of the POSIX dialect also match at line
 * ends; look-behind stays off. The engine runs in linear time.
 */
function compile(pattern: ByteString): RE2JS {
  return RE2JS.compile(decodeLossy(pattern), RE2JS.MULTILINE)
}

function parsePattern(type: ValueType, literal: ByteString): LiteralResult {
  const result = parseLiteral(type, literal)
  if (!result.ok) return result
  const problem = dialectProblem(decodeLossy(literal))
  if (problem !== undefined)
    return {ok: false, message: `is no POSIX regular expression: it ${problem}`}
  try {
    compile(literal)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {ok: false, message: `is no POSIX regular expression: ${reason}`}
  }
  return result
}

/** `regex`: the whole value, by code point; bytes that are not UTF-8 count as U+FFFD each. */
export const regex: ScalarOperator = {
  kind: 'scalar',
  name: 'regex',
  classes: ['text'],
  fieldRight: false,
  doc: 'The whole value matches the POSIX extended regular expression.',
  parse: parsePattern,
  bind: constant => {
    const compiled = compile(constant as string)
    return value => compiled.testExact(decodeLossy(value as string))
  },
}
