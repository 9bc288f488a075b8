import {BTF_KIND, type Btf} from '../btf.ts'
import type {ElfFile, ElfSection, ElfSymbol} from './elf-file.ts'
import {SYMBOL_KIND} from './elf-file.ts'
import {guarded, invalidObject} from './invalid-object.ts'
import type {ObjectMap} from './object-model.ts'

const BPF_MAP_TYPE_ARRAY = 2
const BPF_F_RDONLY_PROG = 0x80
const BPF_F_MMAPABLE = 0x400
const R_BPF_64_ABS64 = 2
/** Objects of real programs have tens. */
const MAX_MAPS = 1024

/** Where the maps of an object lie, for the relocations that name them. */
export interface MapPlaces {
  readonly maps: readonly ObjectMap[]
  /** The map whose definition starts at this offset of this section. */
  readonly at: (section: number, offset: number) => string | undefined
  /** The map that a data section is. */
  readonly dataOf: (section: number) => ObjectMap | undefined
}

/**
 * The maps of an object: those defined by types (`.maps`), those of the older form (`maps`), and one array map for each section
 * of global data.
 * @throws CodedError OBJECT_INVALID
 */
export function readMaps(elf: ElfFile, types: Btf | undefined): MapPlaces {
  const placed: {readonly section: number; readonly offset: number; readonly map: ObjectMap}[] = []
  const data = new Map<number, ObjectMap>()
  for (const section of elf.sections) {
    if (section.name === '.maps') {
      for (const {offset, map} of typedMaps(elf, section, types))
        placed.push({section: section.index, offset, map})
    } else if (section.name === 'maps' || section.name.startsWith('maps/')) {
      for (const {offset, map} of plainMaps(elf, section))
        placed.push({section: section.index, offset, map})
    } else if (isData(section)) {
      const map = dataMap(elf, section, types)
      if (map !== undefined) data.set(section.index, map)
    }
  }
  const maps = [...placed.map(({map}) => map), ...data.values()]
  if (maps.length > MAX_MAPS) throw invalidObject(`the object has ${maps.length} maps`)
  const names = new Set(maps.map(({name}) => name))
  if (names.size !== maps.length) throw invalidObject('two maps of the object have the same name')
  const byPlace = new Map(
    placed.map(({section, offset, map}) => [`${section}:${offset}`, map.name]),
  )
  return {
    maps,
    at: (section, offset) => byPlace.get(`${section}:${offset}`),
    dataOf: section => data.get(section),
  }
}

function isData({name, size}: ElfSection): boolean {
  return size > 0 && /^\.(data|rodata|bss)(\.|$)/.test(name)
}

function dataMap(elf: ElfFile, section: ElfSection, types: Btf | undefined): ObjectMap | undefined {
  if ((elf.relocations.get(section.index)?.length ?? 0) > 0)
    throw invalidObject(
      `section ${section.name} holds addresses, which no loader can fill in`,
      'use arrays of char in place of pointers in global data',
    )
  const frozen = section.name.startsWith('.rodata')
  const type = types === undefined ? undefined : findSection(types, section.name)
  return {
    name: section.name,
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: section.size,
    maxEntries: 1,
    flags: BPF_F_MMAPABLE | (frozen ? BPF_F_RDONLY_PROG : 0),
    keyType: 0,
    valueType: type ?? 0,
    data: section.zeros ? Buffer.alloc(section.size) : Buffer.from(section.bytes),
    frozen,
  }
}

function findSection(types: Btf, name: string): number | undefined {
  for (let type = 1; type < types.count; type++) {
    if (types.kindOf(type) === BTF_KIND.DATASEC && types.nameOf(type) === name) return type
  }
  return undefined
}

interface Placed {
  readonly offset: number
  readonly map: ObjectMap
}

/** Symbols of a section that stand for variables, in order of place. */
function variablesOf(elf: ElfFile, section: ElfSection): ElfSymbol[] {
  return elf.symbols
    .filter(
      ({section: at, kind, name}) =>
        at === section.index && name !== '' && kind <= SYMBOL_KIND.OBJECT,
    )
    .sort((left, right) => left.value - right.value)
}

/** Maps of the older form: five words {type, key size, value size, entries, flags} each; what follows them is not used. */
function plainMaps(elf: ElfFile, section: ElfSection): Placed[] {
  const WORDS_BYTES = 20
  return variablesOf(elf, section).map(({name, value: offset}) => {
    if (offset + WORDS_BYTES > section.bytes.length)
      throw invalidObject(`map ${name} lies beyond the end of section ${section.name}`)
    const word = (index: number): number => section.bytes.readUInt32LE(offset + index * 4)
    return {
      offset,
      map: {
        name,
        type: word(0),
        keySize: word(1),
        valueSize: word(2),
        maxEntries: word(3),
        flags: word(4),
        keyType: 0,
        valueType: 0,
        frozen: false,
      },
    }
  })
}

/** Maps whose members say by their types what they are. */
function typedMaps(elf: ElfFile, section: ElfSection, types: Btf | undefined): Placed[] {
  if (types === undefined)
    throw invalidObject(
      'the maps of the object are described by types, but it has none',
      'compile with -g',
    )
  const sectionType = findSection(types, '.maps')
  const byName = new Map(variablesOf(elf, section).map(symbol => [symbol.name, symbol]))
  const variables = sectionType === undefined ? [] : types.variables(sectionType)
  return variables.map(({type}) => {
    const name = types.nameOf(type)
    const symbol = byName.get(name)
    if (symbol === undefined) throw invalidObject(`map ${name} has no symbol`)
    const map = guarded(`map ${name}`, () => typedMap(name, types, types.targetOf(type)))
    const slots = slotsOf(elf, section, symbol, map)
    return {offset: symbol.value, map: slots === undefined ? map.map : {...map.map, slots}}
  })
}

interface TypedMap {
  readonly map: ObjectMap
  /** Offset of the `values` member in bytes. */
  readonly valuesAt: number | undefined
}

function typedMap(name: string, types: Btf, declared: number, depth = 0): TypedMap {
  const numbers = {type: 0, max_entries: 0, map_flags: 0, key_size: 0, value_size: 0}
  let keyType = 0
  let valueType = 0
  let inner: ObjectMap | undefined
  let valuesAt: number | undefined
  const struct = types.resolve(declared)
  if (types.kindOf(struct) !== BTF_KIND.STRUCT) throw invalidObject(`map ${name} is no struct`)
  for (const member of types.members(struct)) {
    if (Object.hasOwn(numbers, member.name)) {
      numbers[member.name as keyof typeof numbers] = lengthBehind(types, member.type, name)
    } else if (member.name === 'key') keyType = pointed(types, member.type, name)
    else if (member.name === 'value') valueType = pointed(types, member.type, name)
    else if (member.name === 'values') {
      valuesAt = member.bitOffset >>> 3
      const element = types.arrayOf(member.type)?.element ?? 0
      const target = types.pointee(element)
      if (target !== undefined && types.kindOf(target) === BTF_KIND.STRUCT && depth === 0)
        inner = typedMap(`${name}.inner`, types, target, depth + 1).map
    }
  }
  const sizeOf = (type: number, stated: number): number =>
    type === 0 ? stated : types.sizeOf(type)
  const holdsFds = valuesAt !== undefined
  const map = {
    name,
    type: numbers.type,
    keySize: sizeOf(keyType, numbers.key_size) || (holdsFds ? 4 : 0),
    valueSize: sizeOf(valueType, numbers.value_size) || (holdsFds ? 4 : 0),
    maxEntries: numbers.max_entries,
    flags: numbers.map_flags,
    keyType,
    valueType,
    frozen: false,
    ...(inner === undefined ? {} : {inner}),
  }
  return {map, valuesAt}
}

/** A number N written as the type `int (*)[N]`. */
function lengthBehind(types: Btf, type: number, map: string): number {
  const array = types.arrayOf(types.pointee(type) ?? 0)
  if (array === undefined) throw invalidObject(`map ${map} has a member that is no number`)
  return array.count
}

function pointed(types: Btf, type: number, map: string): number {
  const pointer = types.resolve(type)
  if (types.kindOf(pointer) !== BTF_KIND.PTR)
    throw invalidObject(`map ${map} has a key or value that is no pointer to a type`)
  return types.targetOf(pointer)
}

const MAX_SLOTS = 1 << 16

/** What the initialiser of `values` puts into the slots of a map. */
function slotsOf(
  elf: ElfFile,
  section: ElfSection,
  symbol: ElfSymbol,
  {map, valuesAt}: TypedMap,
): (string | undefined)[] | undefined {
  if (valuesAt === undefined) return undefined
  const start = symbol.value + valuesAt
  const slots: (string | undefined)[] = []
  for (const {offset, type, symbol: filled} of elf.relocations.get(section.index) ?? []) {
    if (offset < start || offset >= symbol.value + symbol.size) continue
    const index = (offset - start) / 8
    if (
      type !== R_BPF_64_ABS64 ||
      !Number.isInteger(index) ||
      index >= MAX_SLOTS ||
      filled.name === ''
    )
      throw invalidObject(`map ${map.name} has an initial value that is no map or program`)
    while (slots.length < index) slots.push(undefined)
    slots[index] = filled.name
  }
  return slots
}
