import {ERRNOS} from './tables/names.ts'

const names = new Map<number, string>([...ERRNOS].reverse().map(([name, value]) => [value, name]))

/** The name of an error number: `ENOENT` for 2; undefined when it has none. */
export function errnoName(errno: number): string | undefined {
  return names.get(errno)
}
