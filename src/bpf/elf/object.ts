import {parseBtfExt} from './btf-ext.ts'
import {parseElf} from './elf-file.ts'
import {guarded} from './invalid-object.ts'
import {linkPrograms} from './link.ts'
import {readObjectBtf} from './object-btf.ts'
import {readMaps} from './object-maps.ts'
import type {BpfObject} from './object-model.ts'

/**
 * Reads and links a BPF object file, as `clang -target bpf -c` writes it. Pure: nothing of the host is looked at.
 * @throws CodedError OBJECT_INVALID for whatever is damaged, cut, or asks for what no loader can give.
 */
export function parseObject(bytes: Buffer): BpfObject {
  return guarded('the object', () => {
    const elf = parseElf(bytes)
    const btf = readObjectBtf(elf)
    const stringAt = (offset: number): string => btf?.types.stringAt(offset) ?? ''
    const extSection = elf.sections.find(({name}) => name === '.BTF.ext')
    const ext =
      extSection === undefined || btf === undefined
        ? undefined
        : parseBtfExt(extSection.bytes, stringAt)
    const places = readMaps(elf, btf?.types)
    const license =
      elf.sections.find(({name}) => name === 'license')?.bytes.toString('latin1') ?? ''
    const programs = linkPrograms({elf, places, ext, stringAt})
    const used = new Set(programs.flatMap(each => each.instructions.map(({map}) => map)))
    return {
      license: license.replace(/\0.*$/s, '').slice(0, 128),
      // Compilers leave sections of texts that they have already put into instructions.
      maps: places.maps.filter(map => map.data === undefined || used.has(map.name)),
      programs,
      btf,
    }
  })
}
