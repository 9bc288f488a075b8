import type {Int} from './value.ts'

/**
 * Names of the values of one parameter. `bits`: a set of bits; `enum`: exactly one value. `native` says how the
 * kernel's number becomes the one that events carry; left out, it is carried as it is.
 */
export interface FlagTable {
  readonly kind: 'bits' | 'enum' | string
  readonly values: readonly (readonly [name: string, value: number])[]
  readonly native?:
    | {
        readonly kind: 'enum'
        readonly otherwise: number
        readonly map: readonly (readonly [number, number])[]
      }
    | {readonly kind: 'bits' | 'open'; readonly map: readonly (readonly [number, number])[]}
}

/**
 * Turns the kernel's value into the one that events carry. `opens` says that the call opens a file: only then do the
 * low bits of `file_flags` mean an access mode, of which 0 is reading.
 */
export function fromNative(table: FlagTable, value: number, opens: boolean): number {
  const native = table.native
  if (native === undefined) return value
  if (native.kind === 'enum')
    return native.map.find(([from]) => from === value)?.[1] ?? native.otherwise
  let carried = native.kind === 'open' && opens ? [1, 2, 3, 0][value & 3]! : 0
  for (const [from, to] of native.map) if ((value & from) !== 0) carried |= to
  return carried >>> 0
}

/**
 * Names of a value joined with a bar. Bit sets: in table order, an entry matches when all its bits are in what is left
 * (the zero entry only when the whole value is zero); matched bits are taken out. Enumerations: every name of the value.
 */
export function flagNames(table: FlagTable, value: Int): string {
  const number = Number(value)
  const names: string[] = []
  if (table.kind === 'enum') {
    for (const [name, entry] of table.values) if (entry === number) names.push(name)
    return names.join('|')
  }
  let left = number >>> 0
  for (const [name, entry] of table.values) {
    const bits = entry >>> 0
    if (bits === 0 ? number === 0 : (left & bits) >>> 0 === bits) {
      names.push(name)
      left = (left & ~bits) >>> 0
      if (bits === number >>> 0) break
    }
  }
  return names.join('|')
}
