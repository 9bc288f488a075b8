import type {Instruction} from './instruction.ts'
import type {MapSpec} from './specs.ts'

/**
 * A program that the kernel runs once for each object of a kind, while its file is read (since Linux 5.8). What it writes to
 * the file's buffer is what the reader gets. Plain data: the same kernel facts give the same bytes on any host.
 */
export interface IteratorSpec {
  /** At most 15 bytes. */
  readonly name: string
  /** Kind of objects: the kernel function `bpf_iter_TARGET` stands for it. */
  readonly target: string
  readonly maps: readonly MapSpec[]
  readonly instructions: readonly Instruction[]
  readonly license: string
}
