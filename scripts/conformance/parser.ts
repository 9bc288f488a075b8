import {checkFilter} from '../../src/compiler/check.ts'
import {type ParseResult, parseCondition} from '../../src/compiler/condition/parser.ts'
import {conditionPositionAt} from '../../src/compiler/condition/position.ts'
import {printExpr} from '../../src/compiler/condition/print.ts'
import {treeWarnings} from '../../src/compiler/condition/tree-warnings.ts'
import {closingQuote, unescapeQuoted} from '../../src/compiler/condition/unescape.ts'
import {readSuite, runCases, type SuiteResult} from './suite-files.ts'

interface ParserCase {
  readonly name: string
  readonly stage: 'parse' | 'compile' | 'unescape' | 'warnings'
  readonly filter?: string
  readonly filter_repeat?: readonly [text: string, times: number]
  readonly valid: boolean
  readonly whitespace_variants?: boolean
  readonly canonical?: string
  readonly roundtrip?: boolean
  readonly end_position?: {readonly offset: number; readonly line: number; readonly column: number}
  readonly warnings?: number | readonly string[]
  readonly literal?: string
  readonly expect_hex?: string
}

/** Conditions: grammar, canonical text, compiling, quoted texts, tree warnings. */
export async function runParser(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<ParserCase>(dir, 'parser.json')
  return cases && runCases('parser', cases, runCase)
}

/** What is wrong with a case; undefined when it passed. */
type CaseVerdict = string | undefined

function runCase(testCase: ParserCase): CaseVerdict {
  switch (testCase.stage) {
    case 'parse':
      return judgeParse(testCase)
    case 'compile':
      return judgeCompile(testCase)
    case 'unescape':
      return judgeUnescape(testCase)
    case 'warnings':
      return judgeWarnings(testCase)
    default:
      return `unknown stage '${String(testCase.stage)}'`
  }
}

function filterOf({filter, filter_repeat: repeat}: ParserCase): string {
  return repeat ? repeat[0].repeat(repeat[1]) : (filter ?? '')
}

function judgeParse(testCase: ParserCase): CaseVerdict {
  const filter = filterOf(testCase)
  const parsed = parseCondition(filter)
  if (parsed.ok !== testCase.valid) return unexpectedValidity(parsed)
  if (testCase.whitespace_variants) {
    const padded = ` ${filter} `
    for (const variant of [padded, padded.replaceAll(' ', '\n'), padded.replaceAll(' ', '\t')]) {
      const result = parseCondition(variant)
      if (!result.ok) return `${JSON.stringify(variant)}: ${result.message}`
    }
  }
  if (!parsed.ok) return undefined
  const canonical = printExpr(parsed.expr)
  if (testCase.canonical !== undefined && testCase.canonical !== canonical) {
    return `canonical text is ${canonical}`
  }
  if (testCase.roundtrip) {
    const again = parseCondition(canonical)
    if (!again.ok) return `${canonical}: ${again.message}`
    if (shapeOf(again.expr) !== shapeOf(parsed.expr)) return `${canonical} parses to another tree`
  }
  const wanted = testCase.end_position
  if (wanted) {
    const {offset, line, column} = conditionPositionAt(filter, parsed.end)
    if (offset !== wanted.offset || line !== wanted.line || column !== wanted.column) {
      return `ends at offset ${offset}, line ${line}, column ${column}`
    }
  }
  return undefined
}

/** A tree as text, without what only tells how it was written. */
function shapeOf(expr: unknown): string {
  return JSON.stringify(expr, (key, value: unknown) =>
    key === 'span' || key === 'quoted' ? undefined : value,
  )
}

function judgeCompile(testCase: ParserCase): CaseVerdict {
  const parsed = parseCondition(filterOf(testCase))
  if (!parsed.ok) return testCase.valid ? unexpectedValidity(parsed) : undefined
  const verdict = checkFilter(parsed.expr)
  if (verdict.ok !== testCase.valid) {
    return verdict.ok ? 'compiles' : `does not compile: ${verdict.problem.message}`
  }
  const count = verdict.ok ? verdict.warnings.length : 0
  if (testCase.warnings !== undefined && testCase.warnings !== count) return `${count} warnings`
  return undefined
}

function judgeUnescape({literal = '', valid, expect_hex: hex}: ParserCase): CaseVerdict {
  const quote = literal[0]
  if (quote !== '"' && quote !== "'") return valid ? 'not a quoted text' : undefined
  const isWhole = closingQuote(literal, 0) === literal.length - 1
  const inner = unescapeQuoted(literal.slice(1, -1), quote)
  const accepted = isWhole && inner.ok
  if (accepted !== valid) return accepted ? 'is accepted' : 'is refused'
  if (hex === undefined || !inner.ok) return undefined
  const actual = Buffer.from(inner.bytes, 'latin1').toString('hex')
  return actual === hex.toLowerCase() ? undefined : `decodes to ${actual}`
}

function judgeWarnings(testCase: ParserCase): CaseVerdict {
  const parsed = parseCondition(filterOf(testCase))
  if (parsed.ok !== testCase.valid) return unexpectedValidity(parsed)
  if (!parsed.ok) return undefined
  const codes = [...new Set(treeWarnings(parsed.expr).map(({code}) => code))].sort().join()
  const wanted = [...new Set([testCase.warnings ?? []].flat())].sort().join()
  return codes === wanted ? undefined : `warnings are [${codes}]`
}

function unexpectedValidity(parsed: ParseResult): string {
  return parsed.ok ? 'parses' : `does not parse: ${parsed.message} (column ${parsed.column})`
}
