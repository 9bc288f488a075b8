import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {packageRoot} from '../src/paths.ts'
import {BENCHMARKS} from './benchmarks.ts'

/**
 * Runs the benchmarks named on the command line, all of them when none is. Each result is printed as one line of JSON and
 * kept in `benchmarks/results/NAME.json`. One runs after the other, since they would disturb each other.
 *
 * @returns the exit code: 2 for a name that is no benchmark
 */
async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter(name => !BENCHMARKS.has(name))
  if (unknown.length > 0) {
    const known = [...BENCHMARKS.keys()].join(', ')
    process.stderr.write(`no benchmark is called ${unknown.join(', ')}: there are ${known}\n`)
    return 2
  }
  const folder = join(packageRoot, 'benchmarks', 'results')
  mkdirSync(folder, {recursive: true})
  for (const [name, load] of BENCHMARKS) {
    if (names.length > 0 && !names.includes(name)) continue
    const run = await load()
    const result = await run()
    process.stdout.write(`${JSON.stringify(result)}\n`)
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
  }
  return 0
}

process.exitCode = await main(process.argv.slice(2))
