import type {Instruction} from './instruction.ts'

/** Map types (linux v6.8 include/uapi/linux/bpf.h, enum bpf_map_type). */
export const BPF_MAP_TYPE = {
  hash: 1,
  array: 2,
  prog_array: 3,
  percpu_hash: 5,
  percpu_array: 6,
  lpm_trie: 11,
  ringbuf: 27,
} as const

/** Program types (enum bpf_prog_type). */
export const BPF_PROG_TYPE = {tracepoint: 5, raw_tracepoint: 17, tracing: 26} as const

/** What to create. Plain data: the same on any host. */
export interface MapSpec {
  /** At most 15 bytes. */
  readonly name: string
  readonly type: keyof typeof BPF_MAP_TYPE
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags?: number
}

/**
 * Where a program runs. `tp_btf`: attached to a tracepoint. `tail_call`: never attached; reached through a slot of a
 * program array by the program attached to that tracepoint. The array has two halves of `halfSize` slots; `slot` counts
 * within a half.
 */
export type AttachPoint =
  | {readonly kind: 'tp_btf'; readonly tracepoint: string}
  | {
      readonly kind: 'tail_call'
      readonly tracepoint: string
      readonly map: string
      readonly slot: number
      readonly halfSize: number
    }

/** What to load. Plain data: the same kernel facts give the same bytes on any host. */
export interface ProgramSpec {
  /** At most 15 bytes. */
  readonly name: string
  readonly attach: AttachPoint
  readonly instructions: readonly Instruction[]
  readonly license: string
}
