import {BTF_KIND, Btf} from '../btf.ts'
import type {ElfFile} from './elf-file.ts'
import {guarded, invalidObject} from './invalid-object.ts'

/**
 * The object's types. Compilers leave sizes of data sections and offsets of their variables to the linker: they are filled in
 * here, as the kernel refuses sections of size 0.
 * @throws CodedError OBJECT_INVALID
 */
export function readObjectBtf(
  elf: ElfFile,
): {readonly types: Btf; readonly bytes: Buffer} | undefined {
  const section = elf.sections.find(({name}) => name === '.BTF')
  if (section === undefined) return undefined
  return guarded('section .BTF', () => {
    const bytes = Buffer.from(section.bytes)
    const types = new Btf(bytes)
    for (let type = 1; type < types.count; type++) {
      if (types.kindOf(type) === BTF_KIND.DATASEC) placeVariables(types, type, bytes, elf)
    }
    return {types, bytes}
  })
}

const ENTRY_BYTES = 12

function placeVariables(types: Btf, type: number, bytes: Buffer, elf: ElfFile): void {
  const name = types.nameOf(type)
  const section = elf.sections.find(candidate => candidate.name === name)
  // Sections of externs (.kconfig, .ksyms) are in no file.
  if (section === undefined) return
  const record = types.recordOffset(type)
  bytes.writeUInt32LE(section.size, record + 8)
  const places = new Map(
    elf.symbols
      .filter(symbol => symbol.section === section.index && symbol.name !== '')
      .map(symbol => [symbol.name, symbol.value]),
  )
  for (const [index, variable] of types.variables(type).entries()) {
    const at = record + 12 + index * ENTRY_BYTES + 4
    // Static variables have no symbol when optimised away, and a compiler that knows the offset has written it.
    const place = places.get(types.nameOf(variable.type)) ?? variable.offset
    if (place > section.size) throw invalidObject(`section ${name} has a variable beyond its end`)
    bytes.writeUInt32LE(place, at)
  }
}
