import {readFile} from 'node:fs/promises'
import {join} from 'node:path'

/** What one suite came to. */
export interface SuiteResult {
  readonly name: string
  readonly passed: number
  readonly failed: readonly {readonly name: string; readonly reason: string}[]
  readonly skipped: readonly {readonly name: string; readonly reason: string}[]
}

/**
 * The cases of a suite file; undefined when the folder has no such file.
 *
 * @param prepare - changes the JSON text before it is read
 */
export async function readSuite<T>(
  dir: string,
  file: string,
  prepare: (json: string) => string = json => json,
): Promise<readonly T[] | undefined> {
  try {
    return JSON.parse(prepare(await readFile(join(dir, file), 'utf8'))) as readonly T[]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Runs each case; `run` returns why it failed, or nothing. An exception fails the case, not the run. */
export function runCases<T extends {readonly name: string}>(
  name: string,
  cases: readonly T[],
  run: (test: T) => string | undefined,
): SuiteResult {
  const failed: {name: string; reason: string}[] = []
  for (const test of cases) {
    const reason = attempt(() => run(test))
    if (reason !== undefined) failed.push({name: test.name, reason})
  }
  return {name, passed: cases.length - failed.length, failed, skipped: []}
}

function attempt(run: () => string | undefined): string | undefined {
  try {
    return run()
  } catch (error) {
    return error instanceof Error
      ? `threw ${error.stack ?? error.message}`
      : `threw ${String(error)}`
  }
}
