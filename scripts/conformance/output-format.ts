import {fieldEventBinder, parseFieldEvent} from '../../src/compiler/field-events.ts'
import {bindTemplate} from '../../src/compiler/output/bind-template.ts'
import {compileTemplate} from '../../src/compiler/output/template.ts'
import {readSuite, runCases, type SuiteResult} from './suite-files.ts'

interface OutputFormatCase {
  readonly name: string
  readonly format: string
  readonly fields?: Readonly<Record<string, {readonly value?: unknown; readonly hex?: string}>>
  /** The formatted text, or that the format is refused. */
  readonly expect?: string
  readonly valid?: boolean
  /** Values by field text. */
  readonly expect_json?: Readonly<Record<string, unknown>>
}

/** Runs `output_format.json` of a folder; undefined when there is none. */
export async function runOutputFormat(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<OutputFormatCase>(dir, 'output_format.json')
  return cases && runCases('output_format', cases, runCase)
}

function runCase(test: OutputFormatCase): string | undefined {
  const compiled = compileTemplate(test.format)
  const refused = test.valid === false || (test.expect === 'error' && test.valid === undefined)
  if (!compiled.ok) return refused ? undefined : compiled.problem.message
  if (refused) return 'was accepted'
  const values = Object.fromEntries(
    Object.entries(test.fields ?? {}).map(([name, {value, hex}]) => [
      name,
      hex === undefined ? value : {hex},
    ]),
  )
  const parsed = parseFieldEvent(JSON.stringify(values))
  if (!parsed.ok) return `bad event: ${parsed.message}`
  const bound = bindTemplate(compiled.template, fieldEventBinder)
  const text = bound.format(parsed.event)
  if (test.expect !== undefined && text !== test.expect)
    return `got ${JSON.stringify(text)}, want ${JSON.stringify(test.expect)}`
  if (test.expect_json === undefined) return undefined
  const json = toJson(Object.fromEntries(bound.fields(parsed.event)))
  const want = toJson(test.expect_json)
  return json === want ? undefined : `got ${json}, want ${want}`
}

/** JSON with sorted keys; integers beyond 2^53 as the numbers they round to, as the reader of the cases has them. */
function toJson(values: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(Object.fromEntries(sorted), (_, value) =>
    typeof value === 'bigint' ? Number(value) : value,
  )
}
