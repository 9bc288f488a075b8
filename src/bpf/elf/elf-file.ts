/**
 * Reads the parts of an ELF64 object file that BPF objects use (System V ABI, "Object Files"): sections, symbols and
 * relocations without addends. Everything is checked against the file's size; nothing is trusted.
 */
import {invalidObject} from './invalid-object.ts'

const EM_BPF = 247
const ET_REL = 1
const SHT_SYMTAB = 2
const SHT_RELA = 4
const SHT_NOBITS = 8
const SHT_REL = 9
const SHF_EXECINSTR = 4
const HEADER_BYTES = 64
const SECTION_BYTES = 64
const SYMBOL_BYTES = 24
const REL_BYTES = 16
/** Sizes beyond these are no work of a compiler for BPF. */
const MAX_FILE_BYTES = 64 << 20
const MAX_NOBITS_BYTES = 64 << 20

/** Kinds of symbols, the low four bits of st_info. */
export const SYMBOL_KIND = {NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3} as const

/** Section contents and where they came from. */
export interface ElfSection {
  readonly index: number
  readonly name: string
  /** Holds instructions. */
  readonly executable: boolean
  /** Size in memory, in bytes: that of `bytes`, or of zeros that the file does not hold. */
  readonly size: number
  /** Has no bytes in the file. */
  readonly zeros: boolean
  readonly bytes: Buffer
}

/** A named place. */
export interface ElfSymbol {
  readonly name: string
  readonly kind: number
  /** Seen by other objects too. */
  readonly global: boolean
  /** Index of its section; 0 when it is not defined here. */
  readonly section: number
  /** Offset in the section, in bytes. */
  readonly value: number
  readonly size: number
}

/** A place in a section that depends on where a symbol ends up. */
export interface ElfRelocation {
  readonly offset: number
  readonly type: number
  readonly symbol: ElfSymbol
}

/** An object file, read. */
export interface ElfFile {
  readonly sections: readonly ElfSection[]
  readonly symbols: readonly ElfSymbol[]
  /** By index of the section that they change. */
  readonly relocations: ReadonlyMap<number, readonly ElfRelocation[]>
}

/**
 * Reads an object file. Sections of debug information are kept, their relocations are not.
 * @throws CodedError OBJECT_INVALID
 */
export function parseElf(bytes: Buffer): ElfFile {
  checkHeader(bytes)
  const count = bytes.readUInt16LE(60)
  const start = offsetOf(bytes, 40)
  if (bytes.readUInt16LE(58) !== SECTION_BYTES)
    throw invalidObject('the section headers have the wrong size')
  if (start + count * SECTION_BYTES > bytes.length)
    throw invalidObject('the file is cut: its section headers lie beyond its end')
  const headers = Array.from({length: count}, (_, index) =>
    readHeader(bytes, start + index * SECTION_BYTES),
  )
  const contents = headers.map(header => contentsOf(bytes, header))
  const names = contents[bytes.readUInt16LE(62)] ?? Buffer.alloc(0)
  const sections = headers.map(
    (header, index): ElfSection => ({
      index,
      name: textAt(names, header.name),
      executable: (header.flags & SHF_EXECINSTR) !== 0,
      size: header.size,
      zeros: header.type === SHT_NOBITS,
      bytes: contents[index]!,
    }),
  )
  const table = headers.findIndex(header => header.type === SHT_SYMTAB)
  if (table < 0) throw invalidObject('the file has no symbols', 'do not strip the object')
  const symbols = readSymbols(contents[table]!, contents[headers[table]!.link], count)
  const relocations = new Map<number, readonly ElfRelocation[]>()
  for (const [index, header] of headers.entries()) {
    const target = sections[header.info]
    if (header.type !== SHT_REL && header.type !== SHT_RELA) continue
    if (target === undefined || /^\.(debug|BTF|eh_frame|llvm)/.test(target.name)) continue
    if (header.type === SHT_RELA)
      throw invalidObject(`section ${target.name} has relocations with addends, which BPF has not`)
    if (relocations.has(target.index))
      throw invalidObject(`section ${target.name} has two tables of relocations`)
    relocations.set(target.index, readRelocations(contents[index]!, symbols, target))
  }
  return {sections, symbols, relocations}
}

function checkHeader(bytes: Buffer): void {
  if (bytes.length > MAX_FILE_BYTES)
    throw invalidObject(`the file is larger than ${MAX_FILE_BYTES} bytes`)
  if (bytes.length < HEADER_BYTES || bytes.readUInt32BE(0) !== 0x7f454c46)
    throw invalidObject('not an ELF file', 'compile with: clang -O2 -g -target bpf -c FILE.c')
  if (bytes.readUInt8(4) !== 2 || bytes.readUInt8(5) !== 1)
    throw invalidObject('not a 64-bit little-endian ELF file', 'compile with -target bpfel')
  const machine = bytes.readUInt16LE(18)
  if (machine !== EM_BPF)
    throw invalidObject(
      `not a BPF object: its machine is ${machine}, not ${EM_BPF}`,
      'compile with: clang -O2 -g -target bpf -c FILE.c',
    )
  if (bytes.readUInt16LE(16) !== ET_REL) throw invalidObject('not a relocatable object (ET_REL)')
}

interface Header {
  readonly name: number
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
}

function readHeader(bytes: Buffer, at: number): Header {
  return {
    name: bytes.readUInt32LE(at),
    type: bytes.readUInt32LE(at + 4),
    flags: bytes.readUInt32LE(at + 8),
    offset: offsetOf(bytes, at + 24),
    size: offsetOf(bytes, at + 32),
    link: bytes.readUInt32LE(at + 40),
    info: bytes.readUInt32LE(at + 44),
  }
}

/** A 64-bit offset or size: none that fits a file is above 2^53. */
function offsetOf(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}

function contentsOf(bytes: Buffer, {type, offset, size}: Header): Buffer {
  if (type === SHT_NOBITS) {
    if (size > MAX_NOBITS_BYTES) throw invalidObject(`a section of ${size} zero bytes is too large`)
    return Buffer.alloc(0)
  }
  if (type === 0) return Buffer.alloc(0)
  if (offset + size > bytes.length)
    throw invalidObject('the file is cut: a section lies beyond its end')
  return bytes.subarray(offset, offset + size)
}

function readSymbols(table: Buffer, strings: Buffer | undefined, sections: number): ElfSymbol[] {
  const symbols: ElfSymbol[] = []
  for (let at = 0; at + SYMBOL_BYTES <= table.length; at += SYMBOL_BYTES) {
    const info = table.readUInt8(at + 4)
    const section = table.readUInt16LE(at + 6)
    symbols.push({
      name: textAt(strings ?? Buffer.alloc(0), table.readUInt32LE(at)),
      kind: info & 15,
      global: info >> 4 !== 0,
      // Reserved numbers (absolute, common) name no section.
      section: section < sections ? section : 0,
      value: offsetOf(table, at + 8),
      size: offsetOf(table, at + 16),
    })
  }
  return symbols
}

function readRelocations(
  table: Buffer,
  symbols: readonly ElfSymbol[],
  target: ElfSection,
): ElfRelocation[] {
  const found: ElfRelocation[] = []
  for (let at = 0; at + REL_BYTES <= table.length; at += REL_BYTES) {
    const offset = offsetOf(table, at)
    const symbol = symbols[table.readUInt32LE(at + 12)]
    if (symbol === undefined || offset + 8 > target.size)
      throw invalidObject(`section ${target.name} has a relocation that leads nowhere`)
    found.push({offset, type: table.readUInt32LE(at + 8), symbol})
  }
  return found
}

const MAX_NAME_BYTES = 512

function textAt(strings: Buffer, at: number): string {
  if (at >= strings.length) return ''
  const end = strings.indexOf(0, at)
  const stop = end < 0 ? strings.length : end
  return strings.toString('latin1', at, Math.min(stop, at + MAX_NAME_BYTES))
}
