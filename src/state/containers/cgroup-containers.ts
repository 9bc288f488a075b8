import {type ByteString, splitTexts} from '../../schema/bytes.ts'
import {type ContainerMatch, containerIdOf} from './container-id.ts'

/** Blocks of control groups that are remembered. */
const MAX_KNOWN = 16_384

/** The containers of control groups as events carry them; processes of one container share them, so answers are kept. */
export class CgroupContainers {
  readonly #known = new Map<ByteString, ContainerMatch | undefined>()

  /** @param block - `controller=path` texts, closed by a NUL each */
  of(block: ByteString): ContainerMatch | undefined {
    if (this.#known.has(block)) return this.#known.get(block)
    const match = containerIdOf(splitTexts(block))
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(block, match)
    return match
  }
}
