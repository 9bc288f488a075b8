import type {Btf} from '../btf.ts'
import type {Instruction} from '../instruction.ts'
import type {SectionKind} from './section-name.ts'

/** A map that an object declares. Plain data. */
export interface ObjectMap {
  /** Name in the object, also in {@link Instruction.map}: `counts`, `.rodata`. */
  readonly name: string
  /** Number of the map type (enum bpf_map_type). */
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  /** 0: as many as there are possible CPUs, for types that are sized by them. */
  readonly maxEntries: number
  readonly flags: number
  /** Types of key and value in the object's BTF; 0 where it does not say. */
  readonly keyType: number
  readonly valueType: number
  /** What the inner maps of a map of maps look like. */
  readonly inner?: ObjectMap
  /** Names of the maps or programs in its slots at the start; undefined leaves a slot empty. */
  readonly slots?: readonly (string | undefined)[]
  /** Contents of a data section, which is an array map of one value. */
  readonly data?: Buffer
  /** Programs cannot write it, and nobody after it is filled. */
  readonly frozen: boolean
}

/** A function inside a linked program. */
export interface ProgramFunction {
  readonly name: string
  /** First slot. */
  readonly slot: number
  /** Type id of the function in the object's BTF; 0 when it does not say. */
  readonly type: number
}

/** A source line of a linked program: offsets into the object's BTF strings. */
export interface ProgramLine {
  readonly slot: number
  readonly file: number
  readonly text: number
  /** Line << 10 | column. */
  readonly place: number
}

/** A place of a linked program to adapt to the kernel's types. */
export interface CoreRelocation {
  readonly slot: number
  /** Type id in the object's BTF. */
  readonly type: number
  /** `0:1:2`: how the place is reached from the type. */
  readonly access: string
  /** enum bpf_core_relo_kind. */
  readonly kind: number
}

/** One program with the functions that it calls behind it. Maps are named, not numbered. */
export interface ObjectProgram {
  readonly name: string
  readonly section: string
  /** What the section's name says; undefined when it says nothing. */
  readonly kind: SectionKind | undefined
  readonly instructions: readonly Instruction[]
  readonly functions: readonly ProgramFunction[]
  readonly lines: readonly ProgramLine[]
  readonly relocations: readonly CoreRelocation[]
}

/** A BPF object file, read and linked. The same bytes give the same object on any host. */
export interface BpfObject {
  /** Empty when the object has no licence section. */
  readonly license: string
  readonly maps: readonly ObjectMap[]
  readonly programs: readonly ObjectProgram[]
  /** Its types, and their bytes as the kernel takes them; undefined when it was compiled without -g. */
  readonly btf: {readonly types: Btf; readonly bytes: Buffer} | undefined
}
