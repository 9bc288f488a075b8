import {FD_TYPES} from '../../schema/tables/names.ts'
import type {FdInfo} from '../../state/fd-table.ts'

const chars = new Map<string, string>(FD_TYPES.map(([, name, char]) => [name, char]))

/** The letter of a descriptor's type. */
export function typeChar(info: FdInfo): string {
  return chars.get(info.type) ?? 'o'
}
