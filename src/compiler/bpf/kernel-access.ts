import type {Assembler, Reg} from '../../bpf/assembler.ts'
import {BTF_KIND, type Btf, type Member} from '../../bpf/btf.ts'
import type {Width} from '../../bpf/opcodes.ts'

/** One step of a walk through kernel objects: a load at an offset; all but the last load a pointer. */
export interface Step {
  readonly offset: number
  readonly width: Width
  /** A bit field: what to do with the loaded storage. */
  readonly bits?: NonNullable<Member['bits']>
}

/** Finds member offsets in the running kernel's types. Facts only: makes no system call. */
export class KernelTypes {
  readonly #btf: Btf

  constructor(btf: Btf) {
    this.#btf = btf
  }

  /** The offset of `member` (dotted for nested ones) in a struct. @throws Error when this kernel has none. */
  offset(struct: string, member: string): number {
    const place = this.#place(this.#struct(struct), member.split('.'))
    if (place === undefined)
      throw new Error(`struct ${struct} has no member ${member} in this kernel`)
    return place.offset
  }

  /** Whether this kernel's struct has the member. */
  has(struct: string, member: string): boolean {
    return this.#place(this.#struct(struct), member.split('.')) !== undefined
  }

  /** Size of a struct in bytes. @throws Error when this kernel has none. */
  size(struct: string): number {
    return this.#btf.sizeOf(this.#struct(struct))
  }

  /** The value of an enumerator; undefined when this kernel has none. */
  enumerator(enumeration: string, name: string): number | undefined {
    const type = this.#btf.find(enumeration, BTF_KIND.ENUM)
    return type === undefined ? undefined : this.#btf.enumerator(type, name)
  }

  /**
   * The loads that lead from a struct along member names to a number. A name may carry `[n]` to index an array.
   * Undefined when this kernel has no such member.
   */
  steps(struct: string, path: readonly string[]): Step[] | undefined {
    const end = this.#walk(struct, path)
    if (end === undefined) return undefined
    const {size, bits} = end.last
    if (!isWidth(size)) return undefined
    return [...end.steps, {offset: end.offset, width: size, ...(bits && {bits})}]
  }

  /** Like {@link steps}, but ends at the address of the last member: the loads before it and its offset. */
  address(struct: string, path: readonly string[]): {steps: Step[]; offset: number} | undefined {
    return this.#walk(struct, path)
  }

  /** Follows pointers and nested structs up to the last member, which is at `offset` from what the steps load. */
  #walk(
    struct: string,
    path: readonly string[],
  ): {steps: Step[]; offset: number; last: Member} | undefined {
    const steps: Step[] = []
    let type = this.#struct(struct)
    let offset = 0
    for (const [at, name] of path.entries()) {
      const place = this.#element(type, name)
      if (place === undefined) return undefined
      offset += place.offset
      if (at === path.length - 1) return {steps, offset, last: place}
      const target = this.#btf.pointee(place.type)
      if (target === undefined) {
        type = this.#btf.resolve(place.type)
        continue
      }
      steps.push({offset, width: 8})
      type = target
      offset = 0
    }
    return undefined
  }

  #struct(name: string): number {
    const type = this.#btf.find(name, BTF_KIND.STRUCT)
    if (type === undefined) throw new Error(`this kernel has no struct ${name}`)
    return type
  }

  #place(type: number, path: readonly string[]): Member | undefined {
    let offset = 0
    let place: Member | undefined
    let at = type
    for (const name of path) {
      place = this.#element(at, name)
      if (place === undefined) return undefined
      offset += place.offset
      at = this.#btf.resolve(place.type)
    }
    return place && {...place, offset}
  }

  #element(type: number, text: string): Member | undefined {
    const [, name = '', index] = /^(\w+)(?:\[(\d+)\])?$/.exec(text) ?? []
    const place = this.#btf.member(type, name)
    if (place === undefined || index === undefined) return place
    const element = this.#btf.elementOf(place.type)
    if (element === undefined) return undefined
    const size = this.#btf.sizeOf(element)
    return {offset: place.offset + Number(index) * size, type: element, size}
  }
}

function isWidth(size: number): size is Width {
  return size === 1 || size === 2 || size === 4 || size === 8
}

/**
 * Loads a number from `base` (a typed kernel pointer) along the steps into `target`. A null or bad pointer on the way
 * reads as 0: the kernel guards loads through typed pointers.
 */
export function emitLoads(asm: Assembler, target: Reg, base: Reg, steps: readonly Step[]): void {
  let from = base
  for (const step of steps) {
    asm.load(step.width, target, from, step.offset)
    if (step.bits !== undefined) {
      if (step.bits.shift > 0) asm.aluImm('rsh', target, step.bits.shift)
      asm.aluImm('and', target, 2 ** step.bits.width - 1)
    }
    from = target
  }
}
