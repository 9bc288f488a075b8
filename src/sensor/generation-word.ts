import {refusal} from './bpf-syscall.ts'
import {type Mapping, map, pageSize, unmap} from './ffi.ts'
import type {BpfMap} from './map.ts'

/**
 * The word by which programs know the generation in force. It is written through a mapping: one store of 32 bits, of which no
 * program can see a part. The kernel's update of a map element copies bytes and promises no such thing.
 */
export class GenerationWord {
  readonly #mapping: Mapping
  #word: Int32Array

  private constructor(mapping: Mapping) {
    this.#mapping = mapping
    this.#word = new Int32Array(mapping.view, 0, 1)
  }

  /** Maps the only value of an array that was made to be mapped. @throws CodedError SENSOR_… when the kernel refuses. */
  static open(active: BpfMap): GenerationWord {
    const mapping = map(active.fd, 0, pageSize(), {write: true})
    if ('view' in mapping) return new GenerationWord(mapping)
    throw refusal(`mapping ${active.spec.name}`, mapping.errno)
  }

  /** Puts a generation in force, modulo 2^32. */
  store(generation: number): void {
    Atomics.store(this.#word, 0, generation)
  }

  close(): void {
    this.#word = new Int32Array(1)
    unmap(this.#mapping)
  }
}
