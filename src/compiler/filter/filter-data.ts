import type {ProgramData} from '../../bpf/specs.ts'
import {OBJECT_PREFIX} from '../bpf/tracepoints.ts'

/** Collects the tables that the programs of one kind of record read: all stand in one block of constant data. */
export interface FilterData {
  /** Name that instructions refer to the block by, see `Assembler.loadMapValue`. */
  readonly name: string
  /** Puts a table into the block, at a multiple of 64 bytes; gives its offset. */
  add(table: Buffer): number
  /** What the program must be loaded with: nothing when there is no table. */
  finish(): readonly ProgramData[]
}

/** A cache line: a bucket of a table never lies on two. */
const ALIGNMENT = 64

/** An empty block. */
export function createFilterData(): FilterData {
  const tables: Buffer[] = []
  let size = 0
  const name = `${OBJECT_PREFIX}data`
  return {
    name,
    add(table) {
      const offset = size
      const room = Math.ceil(table.length / ALIGNMENT) * ALIGNMENT
      tables.push(table, Buffer.alloc(room - table.length))
      size += room
      return offset
    },
    finish: () => (size === 0 ? [] : [{name, bytes: Buffer.concat(tables)}]),
  }
}
