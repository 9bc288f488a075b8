import type {Btf} from '../bpf/btf.ts'

/** Program types that can be judged. */
export type VerifierProgramType =
  | 'raw_tracepoint'
  | 'tracepoint'
  | 'kprobe'
  | 'perf_event'
  | 'socket_filter'
  | 'tp_btf'

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
  /** Of `tp_btf`: name of the tracepoint. */
  readonly attach?: string
  readonly license: string
  readonly maps: readonly VerifierMap[]
  /** Types of the kernel that the program is for; without them nothing that needs a type is accepted. */
  readonly btf?: Btf
}

/** How strict the verdict is. */
export interface VerifierOptions {
  /** Most instructions walked over all paths; default 1,000,000 as in the kernel. */
  readonly maxVisits?: number
}
