import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {gunzipSync} from 'node:zlib'
import {formatJson} from '../../src/outputs/formats/json.ts'
import {packageRoot} from '../../src/paths.ts'
import {alertsOf, compileRules, ruleText} from './captures.ts'
import type {SuiteResult} from './suite-files.ts'

const SUFFIX = '.jsonl.gz'
const CONDITION = 'evt.num>=0'
/** Longest part of a value that a report shows. */
const SHOWN = 120

type Values = Readonly<Record<string, unknown>>

/** Compares every field of the recorded answers in `fields/` with ours, event by event. Undefined when there are none. */
export async function runFields(dir: string): Promise<SuiteResult | undefined> {
  const files = await recordings(join(dir, 'fields'))
  if (files.length === 0) return undefined
  const onPurpose = await knownDifferences()
  const failed: {name: string; reason: string}[] = []
  const skipped: {name: string; reason: string}[] = []
  let passed = 0
  for (const file of files) {
    const lines = gunzipSync(await readFile(join(dir, 'fields', file))).toString('utf8')
    const [head, ...want] = lines.trimEnd().split('\n').map(parseExact)
    const {capture, fields} = head as {capture: string; fields: string[]}
    const got = await ourValues(dir, capture, fields)
    for (const field of fields) {
      const name = `${file.slice(0, -SUFFIX.length)} ${field}`
      const reason = compare(field, want as Values[], got)
      if (reason === undefined) passed++
      else if (onPurpose.has(field)) skipped.push({name, reason: 'differs on purpose'})
      else failed.push({name, reason})
    }
  }
  return {name: 'fields', passed, failed, skipped}
}

async function recordings(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).filter(name => name.endsWith(SUFFIX)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Fields that `docs/field-differences.md` lists: what stands in backquotes at the start of an item. */
async function knownDifferences(): Promise<ReadonlySet<string>> {
  const text = await readFile(join(packageRoot, 'docs', 'field-differences.md'), 'utf8')
  return new Set([...text.matchAll(/^- `([^`]+)`/gm)].map(([, name]) => name!))
}

async function ourValues(
  dir: string,
  capture: string,
  fields: readonly string[],
): Promise<Values[]> {
  const output = fields.map(field => `%${field}`).join(' ')
  const set = compileRules([{name: 'fields.yaml', content: ruleText(CONDITION, output)}])
  const options = {
    isoTime: false,
    includeOutput: false,
    includeOutputFields: true,
    includeTags: false,
    includeMessage: false,
  }
  const alerts = await alertsOf(dir, capture, set)
  return alerts.map(alert => {
    const {output_fields: values} = parseExact(formatJson(alert, options)) as {
      output_fields: Values
    }
    return values
  })
}

function compare(
  field: string,
  want: readonly Values[],
  got: readonly Values[],
): string | undefined {
  if (want.length !== got.length) return `${got.length} events instead of ${want.length}`
  let differing = 0
  let example = ''
  for (const [i, values] of want.entries()) {
    const [wanted, ours] = [show(values[field]), show(got[i]![field])]
    if (wanted === ours) continue
    if (differing++ === 0)
      example = `event ${show(values['evt.num'])}: ${ours.slice(0, SHOWN)} instead of ${wanted.slice(0, SHOWN)}`
  }
  return differing === 0 ? undefined : `${differing} events differ; ${example}`
}

function show(value: unknown): string {
  return JSON.stringify(value ?? null)
}

/** Parses JSON with integers beyond 2^53 as texts. */
function parseExact(line: string): unknown {
  const exact = line.replace(/("(?:[^"\\]|\\.)*")|-?\d[\d.eE+-]*/g, (match, text) =>
    text === undefined && /^-?\d{16,}$/.test(match) ? `"int ${match}"` : match,
  )
  return JSON.parse(exact)
}
