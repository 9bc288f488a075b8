import {attachNames} from '../../bpf/specs.ts'
import type {BpfLink, BpfProgram} from '../program.ts'

/** Which programs are attached where. Owns the links. */
export class Attachments {
  readonly #links = new Map<string, BpfLink>()

  /** Places that programs are attached to. */
  get names(): string[] {
    return [...this.#links.keys()]
  }

  /**
   * Attaches the programs wherever they are not yet attached. When the kernel refuses one, what was attached in this
   * call is detached again.
   * @throws CodedError
   */
  add(programs: Iterable<BpfProgram>): void {
    const added: string[] = []
    try {
      for (const program of programs) {
        const {attach} = program.spec
        for (const [index, name] of attachNames(attach).entries()) {
          if (this.#links.has(name)) continue
          const event = attach.kind === 'tracepoint' ? attach.events[index] : undefined
          this.#links.set(name, program.attach(event))
          added.push(name)
        }
      }
    } catch (error) {
      for (const name of added) this.#take(name)?.close()
      throw error
    }
  }

  /** Detaches from everywhere but these places, without waiting for what is slow. */
  keep(programs: Iterable<BpfProgram>): void {
    const kept = new Set([...programs].flatMap(({spec}) => attachNames(spec.attach)))
    for (const name of this.names) {
      if (kept.has(name)) continue
      const link = this.#take(name)
      if (link?.slow === true) link.closeLater()
      else link?.close()
    }
  }

  /** Detaches where that is quick. */
  closeQuick(): void {
    for (const [name, link] of [...this.#links]) if (!link.slow) this.#take(name)?.close()
  }

  /** Detaches from everywhere. Trace events take 60 to 90 ms each. */
  close(): void {
    for (const name of this.names) this.#take(name)?.close()
  }

  #take(name: string): BpfLink | undefined {
    const link = this.#links.get(name)
    this.#links.delete(name)
    return link
  }
}
