import {readdir} from 'node:fs/promises'
import {parseArgs} from 'node:util'
import type {SuiteResult} from './suite-files.ts'
import {SUITES} from './suites.ts'

/**
 * Runs every suite whose cases are in a folder. Prints one line a suite and, below it, the cases that failed or were
 * skipped with the reason; with `--json` one object. Exit code 1 if a case failed, 2 if the folder cannot be read.
 */
async function main(): Promise<number> {
  const {values, positionals} = parseArgs({
    options: {json: {type: 'boolean', default: false}},
    allowPositionals: true,
  })
  const [dir] = positionals
  if (dir === undefined || positionals.length > 1) {
    process.stderr.write('usage: npm run conformance -- DIR [--json]\n')
    return 2
  }
  const results: SuiteResult[] = []
  for (const run of SUITES.values()) {
    const result = await run(dir)
    if (result) results.push(result)
  }
  const unknown = (await readdir(dir))
    .filter(file => file.endsWith('.json') && !SUITES.has(file.slice(0, -'.json'.length)))
    .map(file => file.slice(0, -'.json'.length))
    .sort()
  process.stdout.write(
    values.json ? `${JSON.stringify({suites: results, unknown})}\n` : report(results, unknown),
  )
  return results.some(({failed}) => failed.length > 0) ? 1 : 0
}

function report(results: readonly SuiteResult[], unknown: readonly string[]): string {
  const lines = results.flatMap(({name, passed, failed, skipped}) => {
    const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : ''
    return [
      `${name}: ${passed} passed, ${failed.length} failed${skips}`,
      ...failed.map(note => `  ${note.name}\n    ${note.reason}`),
      ...skipped.map(note => `  ${note.name}\n    skipped: ${note.reason}`),
    ]
  })
  lines.push(...unknown.map(name => `${name}: unknown suite, not run`))
  return lines.map(line => `${line}\n`).join('')
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
