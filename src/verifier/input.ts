import type {Btf} from '../bpf/btf.ts'

/** Program types that can be judged. */
export type VerifierProgramType =
  | 'raw_tracepoint'
  | 'tracepoint'
  | 'kprobe'
  | 'perf_event'
  | 'socket_filter'
  | 'tp_btf'
  | 'iter'

/** What a program may do with a map depends on these. */
export interface VerifierMap {
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  /** Creation flags; 0x80 makes the values read-only for programs. */
  readonly flags?: number
  /** The template of the maps that a map of maps holds. */
  readonly inner?: VerifierMap
  /** Bytes of element 0, zero-padded to the value's size. */
  readonly contents?: Buffer
  /** Whether user space can no longer write it. */
  readonly frozen?: boolean
}

/** A program and all that its verdict depends on. Nothing else is looked at. */
export interface VerifierInput {
  /** 8 bytes a slot, little-endian. A map reference holds the map's index in `maps`. */
  readonly code: Buffer
  readonly type: VerifierProgramType
  /** Of `tp_btf`: name of the tracepoint; of `iter`: of what is iterated. */
  readonly attach?: string
  readonly license: string
  readonly maps: readonly VerifierMap[]
  /** Types of the kernel that the program is for; without them nothing that needs a type is accepted. */
  readonly btf?: Btf
  /** Whether every function is described to the kernel, which callbacks and global functions need; default true. */
  readonly describesFunctions?: boolean
  /** By first slot, the functions that the kernel judges by themselves, for any arguments of their types. */
  readonly globals?: ReadonlyMap<number, GlobalFunction>
}

/** `bytes`: a pointer to that many bytes, or null. `unknown`: of a type that is not supported. */
export type GlobalArgument = 'number' | 'unknown' | {readonly bytes: number}

/** What the types say of a global function. */
export interface GlobalFunction {
  readonly args: readonly GlobalArgument[]
  readonly returnsNumber: boolean
}
