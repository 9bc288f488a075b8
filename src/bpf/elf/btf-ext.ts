/**
 * Reads `.BTF.ext`: which function and which source line each instruction belongs to, and the places to adapt to the kernel's
 * types (linux v6.8 Documentation/bpf/btf.rst, section 4.2). Offsets of instructions are in bytes here.
 *
 *     header: magic u16, version u8, flags u8, hdr_len u32, then (offset, length) of three tables, relative to its end
 *     table:  record size u32, then blocks {section name u32, count u32, records}
 */
import {invalidObject} from './invalid-object.ts'

/** A record whose instruction lies at `offset` bytes of its section; `words` are the 32-bit words behind the offset. */
export interface ExtRecord {
  readonly offset: number
  readonly words: readonly number[]
}

/** Records by name of the section, in file order. */
export type ExtTable = ReadonlyMap<string, readonly ExtRecord[]>

/** The three tables. */
export interface BtfExt {
  /** Words: type id of the function. */
  readonly functions: ExtTable
  /** Words: file name, line text (string offsets), line << 10 | column. */
  readonly lines: ExtTable
  /** Words: type id, access string, kind. */
  readonly relocations: ExtTable
}

/** Words behind the offset of each record, in the tables' order. */
const WORDS = [1, 3, 3] as const

/** @throws CodedError OBJECT_INVALID; RangeError where a table is cut. */
export function parseBtfExt(bytes: Buffer, stringAt: (offset: number) => string): BtfExt {
  if (bytes.length < 24 || bytes.readUInt16LE(0) !== 0xeb9f)
    throw invalidObject('section .BTF.ext has the wrong magic number')
  const headerEnd = bytes.readUInt32LE(4)
  const tables = WORDS.map((words, index): ExtTable => {
    const at = 8 + index * 8
    // Compilers before CO-RE wrote a header without the third table.
    if (at + 8 > headerEnd || at + 8 > bytes.length) return new Map()
    const start = headerEnd + bytes.readUInt32LE(at)
    const end = start + bytes.readUInt32LE(at + 4)
    if (end > bytes.length) throw invalidObject('section .BTF.ext is cut')
    return readTable(bytes.subarray(start, end), words, stringAt)
  })
  return {functions: tables[0]!, lines: tables[1]!, relocations: tables[2]!}
}

function readTable(bytes: Buffer, words: number, stringAt: (offset: number) => string): ExtTable {
  const table = new Map<string, ExtRecord[]>()
  if (bytes.length < 4) return table
  const size = bytes.readUInt32LE(0)
  if (size < 4 + words * 4 || size > 256)
    throw invalidObject(`section .BTF.ext has records of ${size} bytes`)
  for (let at = 4; at < bytes.length; ) {
    const section = stringAt(bytes.readUInt32LE(at))
    const count = bytes.readUInt32LE(at + 4)
    at += 8
    if (count === 0 || at + count * size > bytes.length)
      throw invalidObject('section .BTF.ext is cut')
    const records = table.get(section) ?? []
    for (let index = 0; index < count; index++, at += size) {
      const place = at
      records.push({
        offset: bytes.readUInt32LE(place),
        words: Array.from({length: words}, (_, word) => bytes.readUInt32LE(place + 4 + word * 4)),
      })
    }
    table.set(section, records)
  }
  return table
}
