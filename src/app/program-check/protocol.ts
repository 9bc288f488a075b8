import type {MapSpec} from '../../bpf/specs.ts'

/** What the checking thread is started with. */
export interface CheckSetup {
  readonly maps: readonly MapSpec[]
}

/** Its answer on one program. */
export interface CheckAnswer {
  /** Hash of the program's content. */
  readonly hash: string
  readonly name: string
  /** Why our verifier refuses it; absent when it does not. */
  readonly refusal?: string
  /** The file with both logs. */
  readonly file?: string
}
