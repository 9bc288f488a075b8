import {errnoName} from '../../schema/errno.ts'
import type {Int} from '../../schema/value.ts'

/** The name of a negative result: `ENOENT` for -2; the number when it has none. */
export function errnoText(result: Int): string {
  return errnoName(-Number(result)) ?? String(result)
}
