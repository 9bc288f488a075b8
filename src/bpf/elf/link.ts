import {decode, type Instruction, LD_IMM64} from '../instruction.ts'
import {BPF_CLASS, BPF_JMP_OP, BPF_PSEUDO} from '../opcodes.ts'
import type {BtfExt, ExtRecord} from './btf-ext.ts'
import {type ElfFile, type ElfRelocation, type ElfSection, SYMBOL_KIND} from './elf-file.ts'
import {invalidObject} from './invalid-object.ts'
import type {MapPlaces} from './object-maps.ts'
import type {CoreRelocation, ObjectProgram, ProgramFunction, ProgramLine} from './object-model.ts'
import {sectionKind} from './section-name.ts'

/** Relocation types (linux v6.8 Documentation/bpf/llvm_reloc.rst). */
const R_BPF_64_64 = 1
const R_BPF_64_32 = 10
/** Source register of a call: a helper, or a function of the program (BPF_PSEUDO_CALL). */
const PSEUDO_CALL = 1
const OPCODE_CALL = BPF_CLASS.JMP | BPF_JMP_OP.call
/** The kernel takes a million instructions (linux v6.8 include/linux/bpf.h, BPF_COMPLEXITY_LIMIT_INSNS). */
const MAX_SLOTS = 1_000_000
/** Slots of all programs of an object: functions that many programs call are copied into each. */
const MAX_TOTAL_SLOTS = 4_000_000
const MAX_FUNCTIONS = 1024

/** A function as it lies in the object. */
interface ObjectFunction {
  readonly name: string
  readonly section: ElfSection
  /** First byte in the section, and the one behind the last. */
  readonly start: number
  readonly end: number
  readonly global: boolean
}

/** What linking needs of an object. */
export interface LinkInput {
  readonly elf: ElfFile
  readonly places: MapPlaces
  readonly ext: BtfExt | undefined
  readonly stringAt: (offset: number) => string
}

/**
 * The programs of an object: every global function outside `.text`, each with the functions that it reaches behind it, once
 * each. Calls, references to maps, data and functions are resolved.
 * @throws CodedError OBJECT_INVALID
 */
export function linkPrograms(input: LinkInput): ObjectProgram[] {
  const functions = findFunctions(input.elf)
  const entries = functions.filter(({section, global}) => section.name !== '.text' && global)
  if (entries.length > MAX_FUNCTIONS)
    throw invalidObject(`the object has ${entries.length} programs`)
  const bySection = new Map<number, ObjectFunction[]>()
  for (const each of functions) {
    const list = bySection.get(each.section.index) ?? []
    list.push(each)
    bySection.set(each.section.index, list)
  }
  const relocations = new Map(
    [...input.elf.relocations].map(([section, list]) => [
      section,
      new Map(list.map(relocation => [relocation.offset, relocation])),
    ]),
  )
  let total = 0
  return entries.map(entry => {
    const program = new Linker(input, bySection, relocations, entry).link()
    total += program.instructions.length
    if (total > MAX_TOTAL_SLOTS) throw invalidObject('the programs of the object are too large')
    return program
  })
}

function findFunctions(elf: ElfFile): ObjectFunction[] {
  const found: ObjectFunction[] = []
  for (const {name, kind, section: index, value, size, global} of elf.symbols) {
    const section = elf.sections[index]
    if (kind !== SYMBOL_KIND.FUNC || index === 0 || section?.executable !== true) continue
    if (size === 0 || size % 8 !== 0 || value % 8 !== 0 || value + size > section.bytes.length)
      throw invalidObject(`function ${name} is not whole instructions of section ${section.name}`)
    found.push({name, section, start: value, end: value + size, global})
  }
  return found.sort(
    (left, right) => left.section.index - right.section.index || left.start - right.start,
  )
}

/** Puts one program together. */
class Linker {
  readonly #input: LinkInput
  readonly #functions: ReadonlyMap<number, readonly ObjectFunction[]>
  readonly #relocations: ReadonlyMap<number, ReadonlyMap<number, ElfRelocation>>
  readonly #entry: ObjectFunction
  readonly #slots = new Map<ObjectFunction, number>()
  readonly #queue: ObjectFunction[] = []
  #size = 0

  constructor(
    input: LinkInput,
    functions: ReadonlyMap<number, readonly ObjectFunction[]>,
    relocations: ReadonlyMap<number, ReadonlyMap<number, ElfRelocation>>,
    entry: ObjectFunction,
  ) {
    this.#input = input
    this.#functions = functions
    this.#relocations = relocations
    this.#entry = entry
  }

  link(): ObjectProgram {
    this.#place(this.#entry)
    const instructions: Instruction[] = []
    // Resolving a function's calls places what it calls, at the end of the queue.
    for (let index = 0; index < this.#queue.length; index++) {
      const each = this.#queue[index]!
      let at = each.start
      for (const instruction of decode(each.section.bytes.subarray(each.start, each.end))) {
        instructions.push(this.#resolve(instruction, each, at))
        at += instruction.opcode === LD_IMM64 ? 16 : 8
      }
    }
    const {ext, stringAt} = this.#input
    return {
      name: this.#entry.name,
      section: this.#entry.section.name,
      kind: sectionKind(this.#entry.section.name),
      instructions,
      functions: this.#queue.map((each): ProgramFunction => {
        const record = recordsOf(ext?.functions.get(each.section.name), each)[0]
        return {
          name: each.name,
          slot: this.#slots.get(each)!,
          type: record?.offset === each.start ? record.words[0]! : 0,
        }
      }),
      lines: this.#gather(
        ext?.lines,
        (slot, [file, text, place]): ProgramLine => ({
          slot,
          file: file!,
          text: text!,
          place: place!,
        }),
      ),
      relocations: this.#gather(
        ext?.relocations,
        (slot, [type, access, kind]): CoreRelocation => ({
          slot,
          type: type!,
          access: stringAt(access!),
          kind: kind!,
        }),
      ),
    }
  }

  #gather<T>(
    table: ReadonlyMap<string, readonly ExtRecord[]> | undefined,
    make: (slot: number, words: readonly number[]) => T,
  ): T[] {
    return this.#queue.flatMap(each =>
      recordsOf(table?.get(each.section.name), each).map(({offset, words}) =>
        make(this.#slots.get(each)! + (offset - each.start) / 8, words),
      ),
    )
  }

  #place(each: ObjectFunction): number {
    const known = this.#slots.get(each)
    if (known !== undefined) return known
    const slot = this.#size
    this.#size += (each.end - each.start) / 8
    if (this.#size > MAX_SLOTS || this.#queue.length >= MAX_FUNCTIONS)
      throw invalidObject(`program ${this.#entry.name} is too large`)
    this.#slots.set(each, slot)
    this.#queue.push(each)
    return slot
  }

  #resolve(instruction: Instruction, within: ObjectFunction, at: number): Instruction {
    const relocation = this.#relocations.get(within.section.index)?.get(at)
    const {opcode, src, imm} = instruction
    const own = this.#slots.get(within)! + (at - within.start) / 8
    if (opcode === OPCODE_CALL && src === PSEUDO_CALL) {
      const slot = this.#place(this.#callee(instruction, relocation, within, at))
      return {...instruction, imm: slot - own - 1}
    }
    if (relocation === undefined) return instruction
    const where = `program ${this.#entry.name}, section ${within.section.name} at byte ${at}`
    const {symbol, type} = relocation
    if (symbol.section === 0) throw unresolved(symbol.name, this.#entry.name)
    if (opcode !== LD_IMM64 || type !== R_BPF_64_64 || src !== BPF_PSEUDO.NONE)
      throw invalidObject(`${where}: relocation ${type} does not fit the instruction`)
    const addend = Number(BigInt.asUintN(32, instruction.imm64 ?? BigInt(imm)))
    const {imm64: _, ...rest} = instruction
    const place = symbol.value + addend
    const map = this.#input.places.at(symbol.section, place)
    if (map !== undefined) return {...rest, src: BPF_PSEUDO.MAP_FD, imm: 0, map}
    const data = this.#input.places.dataOf(symbol.section)
    if (data !== undefined) {
      if (place > data.valueSize)
        throw invalidObject(`${where}: refers beyond the end of ${data.name}`)
      return {...rest, src: BPF_PSEUDO.MAP_VALUE, imm: 0, map: data.name, mapOffset: place}
    }
    const callback = this.#at(symbol.section, place)
    if (callback === undefined)
      throw invalidObject(
        `${where}: refers to ${symbol.name || 'a section'}, which is no map, data or function`,
      )
    return {...rest, src: BPF_PSEUDO.FUNC, imm: this.#place(callback) - own - 1}
  }

  #callee(
    {imm}: Instruction,
    relocation: ElfRelocation | undefined,
    within: ObjectFunction,
    at: number,
  ): ObjectFunction {
    let section = within.section.index
    let target = at + (imm + 1) * 8
    if (relocation !== undefined) {
      const {symbol, type} = relocation
      if (symbol.section === 0) throw unresolved(symbol.name, this.#entry.name)
      if (type !== R_BPF_64_32)
        throw invalidObject(`program ${this.#entry.name}: relocation ${type} does not fit a call`)
      section = symbol.section
      // A section symbol leaves the place to the instruction, whose immediate counts from the next one.
      target = symbol.value + (imm + 1) * 8
    }
    const callee = this.#at(section, target)
    if (callee === undefined)
      throw invalidObject(
        `program ${this.#entry.name}: byte ${at} of ${within.section.name} calls what is no function`,
      )
    return callee
  }

  #at(section: number, offset: number): ObjectFunction | undefined {
    return this.#functions.get(section)?.find(({start}) => start === offset)
  }
}

function recordsOf(
  records: readonly ExtRecord[] | undefined,
  {start, end}: ObjectFunction,
): ExtRecord[] {
  return (records ?? []).filter(({offset}) => offset >= start && offset < end && offset % 8 === 0)
}

function unresolved(name: string, program: string) {
  return invalidObject(
    `program ${program} needs ${name === '' ? 'a symbol without a name' : name}, which the object does not define`,
    'kernel functions and symbols, and functions of the C library, cannot be used: define it in the object (static inline)',
  )
}
