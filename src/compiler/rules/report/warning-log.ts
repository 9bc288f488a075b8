import {type Context, createIssue} from './context.ts'
import type {LoadIssue, LoadWarningCode} from './load-result.ts'

/** Warnings that one result keeps; of the rest only the number is told. */
const MAX_WARNINGS = 10_000

/** Collects the warnings of one file. */
export interface WarningLog {
  add(code: LoadWarningCode, message: string, context: Context, deprecatedField?: string): void
  /** All warnings; the last one tells how many were left out, when there were too many. */
  finish(): readonly LoadIssue<LoadWarningCode>[]
}

/** An empty log. `file` is where a note about too many warnings points. */
export function createWarningLog(file: Context): WarningLog {
  const warnings: LoadIssue<LoadWarningCode>[] = []
  let dropped = 0
  return {
    add(code, message, context, deprecatedField) {
      if (warnings.length >= MAX_WARNINGS) dropped++
      else warnings.push(createIssue(code, message, context, deprecatedField))
    },
    finish() {
      if (dropped === 0) return warnings
      const note = `${dropped} more warnings are not shown`
      return [...warnings, createIssue('LOAD_WARNING_EXTENSION', note, file)]
    },
  }
}
