import type {ContainerInfo} from '../container-info.ts'
import type {ContainerRequest} from '../container-table.ts'

/**
 * What a source says of a container: `unknown` when it is there but has no such container (which may be there in a moment),
 * `unreachable` when nothing is there or it does not answer as it should.
 */
export type SourceAnswer = ContainerInfo | 'unknown' | 'unreachable'

/** Something that knows containers. Never rejects. */
export interface ContainerSource {
  /** For counts: `docker /run/docker.sock`. */
  readonly name: string
  ask(request: ContainerRequest, timeoutMs: number): Promise<SourceAnswer>
}

/** Labels longer than that are left out, as Falco does by default. */
export interface LabelLimit {
  readonly labelMaxLength: number
}

/** The labels that are kept: short ones, and those that say whose container it is whatever their length. */
export function keptLabels<K extends string>(
  labels: ReadonlyMap<K, string>,
  {labelMaxLength}: LabelLimit,
): Map<K, string> {
  return new Map(
    [...labels].filter(
      ([key, value]) => value.length <= labelMaxLength || key.startsWith('io.kubernetes.pod.'),
    ),
  )
}
