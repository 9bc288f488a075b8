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
 * Kinds of hook that a program is written for. `tp_btf`: its context holds typed pointers, so members of kernel objects are
 * plain loads (linux v5.5). `raw_tp`: the same tracepoints, with bare addresses (v4.17). `tracepoint`: one tracepoint for each
 * system call, through perf events (v4.7).
 */
export type HookKind = keyof typeof HOOK_PROGRAM_TYPE

/** The program type that each kind of hook runs. */
export const HOOK_PROGRAM_TYPE = {
  tp_btf: 'tracing',
  raw_tp: 'raw_tracepoint',
  tracepoint: 'tracepoint',
} as const satisfies Readonly<Record<string, keyof typeof BPF_PROG_TYPE>>

/**
 * Where a program runs. `tp_btf` and `raw_tp`: attached to a tracepoint. `tracepoint`: attached to each of the trace events
 * `CATEGORY/NAME`; `tracepoint` says which tracepoint these stand for. `tail_call`: never attached; reached through a slot of a
 * program array by the program attached to that tracepoint, of which it shares the kind of hook. The array has two halves
 * of `halfSize` slots; `slot` counts within a half.
 */
export type AttachPoint =
  | {readonly kind: 'tp_btf' | 'raw_tp'; readonly tracepoint: string}
  | {
      readonly kind: 'tracepoint'
      readonly tracepoint: string
      readonly events: readonly string[]
    }
  | {
      readonly kind: 'tail_call'
      readonly hook: HookKind
      readonly tracepoint: string
      readonly map: string
      readonly slot: number
      readonly halfSize: number
    }

/** The places a program is attached to, for people: `tp_btf/sys_exit`. None for one that is reached by tail calls. */
export function attachNames(attach: AttachPoint): string[] {
  switch (attach.kind) {
    case 'tail_call':
      return []
    case 'tracepoint':
      return attach.events.map(event => `tracepoint/${event}`)
    default:
      return [`${attach.kind}/${attach.tracepoint}`]
  }
}

/** Constant data of one program: the only value of a frozen array map that is made with it and that only it knows. */
export interface ProgramData {
  /** At most 15 bytes; instructions refer to it as to a map. */
  readonly name: string
  readonly bytes: Buffer
}

/** What to load. Plain data: the same kernel facts give the same bytes on any host. */
export interface ProgramSpec {
  /** At most 15 bytes. */
  readonly name: string
  readonly attach: AttachPoint
  readonly instructions: readonly Instruction[]
  readonly license: string
  /** Data that it reads; names that are none of the sensor's maps. */
  readonly data?: readonly ProgramData[]
}
