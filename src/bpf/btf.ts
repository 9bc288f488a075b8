/**
 * Reads BTF, the kernel's own description of its types (linux v6.8 Documentation/bpf/btf.rst). One pass notes where
 * each type record lies; names and members are read when asked for.
 *
 *     header: magic u16, version u8, flags u8, hdr_len u32, type_off u32, type_len u32, str_off u32, str_len u32
 *     type:   name_off u32, info u32 (vlen bits 0–15, kind bits 24–28, kind_flag bit 31), size_or_type u32, then by kind
 */

/** Type kinds. */
export const BTF_KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const

/** Bytes after the common 12, by kind: fixed part and part per entry. */
const EXTRA: readonly (readonly [fixed: number, perEntry: number] | undefined)[] = [
  undefined,
  [4, 0],
  [0, 0],
  [12, 0],
  [0, 12],
  [0, 12],
  [0, 8],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 8],
  [4, 0],
  [0, 12],
  [0, 0],
  [4, 0],
  [0, 0],
  [0, 12],
]

/** Where a member lies. */
export interface Member {
  /** Offset in bytes from the start of the outer struct; for a bit field, of the storage that holds it. */
  readonly offset: number
  /** Type id of the member, modifiers and typedefs included. */
  readonly type: number
  /** Size in bytes; of the storage for a bit field. */
  readonly size: number
  /** For a bit field: position of its lowest bit in the storage, and its width. */
  readonly bits?: {readonly shift: number; readonly width: number}
}

/** A member as the type record lists it. */
export interface ListedMember {
  /** Empty for an anonymous struct or union. */
  readonly name: string
  /** Type id, modifiers and typedefs included. */
  readonly type: number
  /** From the start of the struct, in bits. */
  readonly bitOffset: number
  /** Of a bit field; 0 for any other member. */
  readonly bitWidth: number
}

/** The types of one BTF blob. Type ids start at 1; 0 is void. */
export class Btf {
  readonly #bytes: Buffer
  readonly #offsets: Uint32Array
  readonly #strings: number

  /** @throws Error when the bytes are no BTF, or hold a kind that is not known here (it could not be skipped). */
  constructor(bytes: Buffer) {
    if (bytes.length < 24 || bytes.readUInt16LE(0) !== 0xeb9f)
      throw new Error('not BTF: wrong magic number')
    const header = bytes.readUInt32LE(4)
    const start = header + bytes.readUInt32LE(8)
    const end = start + bytes.readUInt32LE(12)
    this.#bytes = bytes
    this.#strings = header + bytes.readUInt32LE(16)
    if (end > bytes.length || this.#strings + bytes.readUInt32LE(20) > bytes.length)
      throw new Error('BTF is cut')
    const offsets: number[] = [0]
    for (let at = start; at < end; ) {
      if (at + 12 > bytes.length) throw new Error('BTF is cut')
      const info = bytes.readUInt32LE(at + 4)
      const extra = EXTRA[(info >>> 24) & 31]
      if (extra === undefined)
        throw new Error(`BTF type ${offsets.length} has unknown kind ${(info >>> 24) & 31}`)
      offsets.push(at)
      at += 12 + extra[0] + extra[1] * (info & 0xffff)
      if (at > end) throw new Error('BTF is cut')
    }
    this.#offsets = Uint32Array.from(offsets)
  }

  /** Number of types, void included. */
  get count(): number {
    return this.#offsets.length
  }

  /** The kind of a type (0 for void). */
  kindOf(type: number): number {
    return type === 0 ? 0 : (this.#word(type, 4) >>> 24) & 31
  }

  /** The name of a type; empty for anonymous ones. */
  nameOf(type: number): string {
    return type === 0 ? 'void' : this.#string(this.#word(type, 0))
  }

  /** The id of the type with this name and kind. */
  find(name: string, kind: number): number | undefined {
    // Strings are stored once each, so the name is one offset, and comparing offsets spares reading 100,000 names.
    const found = this.#bytes.indexOf(`\0${name}\0`, this.#strings, 'latin1')
    if (found < 0) return undefined
    const nameOffset = found + 1 - this.#strings
    for (let type = 1; type < this.#offsets.length; type++) {
      if (this.#word(type, 0) === nameOffset && this.kindOf(type) === kind) return type
    }
    return undefined
  }

  /** The ids of all types with this name and kind. */
  findAll(name: string, kind: number): number[] {
    const found: number[] = []
    const first = this.find(name, kind)
    if (first === undefined) return found
    const nameOffset = this.#word(first, 0)
    for (let type = first; type < this.#offsets.length; type++) {
      if (this.#word(type, 0) === nameOffset && this.kindOf(type) === kind) found.push(type)
    }
    return found
  }

  /** The text at an offset of the string table; empty beyond its end. */
  stringAt(offset: number): string {
    return this.#string(offset)
  }

  /** The type that a pointer, typedef, qualifier, function, variable or tag refers to. */
  targetOf(type: number): number {
    return this.#word(type, 8)
  }

  /** Element type and count of an array type; undefined when it is no array. */
  arrayOf(type: number): {readonly element: number; readonly count: number} | undefined {
    const resolved = this.resolve(type)
    if (this.kindOf(resolved) !== BTF_KIND.ARRAY) return undefined
    return {element: this.#word(resolved, 12), count: this.#word(resolved, 20)}
  }

  /** Encoding bits of an integer type: 1 signed, 2 character, 4 truth value; 0 for other types. */
  intEncoding(type: number): number {
    return this.kindOf(type) === BTF_KIND.INT ? (this.#word(type, 12) >>> 24) & 15 : 0
  }

  /** The members of a struct or union in order, anonymous ones as they are; empty for any other type. */
  members(type: number): ListedMember[] {
    const kind = this.kindOf(type)
    if (kind !== BTF_KIND.STRUCT && kind !== BTF_KIND.UNION) return []
    const info = this.#word(type, 4)
    const withBitfields = info >>> 31 === 1
    return Array.from({length: info & 0xffff}, (_, index) => {
      const at = 12 + index * 12
      const place = this.#word(type, at + 8)
      return {
        name: this.#string(this.#word(type, at)),
        type: this.#word(type, at + 4),
        bitOffset: withBitfields ? place & 0xffffff : place,
        bitWidth: withBitfields ? place >>> 24 : 0,
      }
    })
  }

  /** The enumerators of an enumeration in order; empty for any other type. */
  enumerators(type: number): {readonly name: string; readonly value: bigint}[] {
    const kind = this.kindOf(type)
    if (kind !== BTF_KIND.ENUM && kind !== BTF_KIND.ENUM64) return []
    const info = this.#word(type, 4)
    const signed = info >>> 31 === 1
    return Array.from({length: info & 0xffff}, (_, index) => {
      const at = 12 + index * (kind === BTF_KIND.ENUM ? 8 : 12)
      const low = BigInt(this.#word(type, at + 4))
      const bits = kind === BTF_KIND.ENUM ? 32 : 64
      const high = kind === BTF_KIND.ENUM ? 0n : BigInt(this.#word(type, at + 8))
      const value = (high << 32n) | low
      return {
        name: this.#string(this.#word(type, at)),
        value: signed ? BigInt.asIntN(bits, value) : value,
      }
    })
  }

  /** The variables of a data section; empty for any other type. */
  variables(
    type: number,
  ): {readonly type: number; readonly offset: number; readonly size: number}[] {
    if (this.kindOf(type) !== BTF_KIND.DATASEC) return []
    const count = this.#word(type, 4) & 0xffff
    return Array.from({length: count}, (_, index) => {
      const at = 12 + index * 12
      return {
        type: this.#word(type, at),
        offset: this.#word(type, at + 4),
        size: this.#word(type, at + 8),
      }
    })
  }

  /** Offset in bytes of a type's record from the start of the blob. */
  recordOffset(type: number): number {
    return this.#offsets[type] ?? 0
  }

  /** Size in bytes of a type, following typedefs and modifiers. Pointers are 8. */
  sizeOf(type: number): number {
    return this.#sizeOf(type, 0)
  }

  #sizeOf(type: number, depth: number): number {
    if (depth > 32) throw new Error(`BTF type ${type} contains itself`)
    const resolved = this.resolve(type)
    switch (this.kindOf(resolved)) {
      case BTF_KIND.PTR:
        return 8
      case BTF_KIND.ARRAY:
        return this.#sizeOf(this.#word(resolved, 12), depth + 1) * this.#word(resolved, 20)
      case 0:
      case BTF_KIND.FWD:
      case BTF_KIND.FUNC:
      case BTF_KIND.FUNC_PROTO:
        return 0
      default:
        return this.#word(resolved, 8)
    }
  }

  /** Skips typedefs, qualifiers and tags. */
  resolve(type: number): number {
    let at = type
    for (let depth = 0; depth < 64; depth++) {
      const kind = this.kindOf(at)
      const wrapper =
        kind === BTF_KIND.TYPEDEF ||
        (kind >= BTF_KIND.VOLATILE && kind <= BTF_KIND.RESTRICT) ||
        kind === BTF_KIND.TYPE_TAG
      if (!wrapper) return at
      at = this.#word(at, 8)
    }
    throw new Error(`BTF type ${type} refers to itself`)
  }

  /** What a pointer type points to, typedefs and modifiers skipped; undefined when it is no pointer. */
  pointee(type: number): number | undefined {
    const resolved = this.resolve(type)
    return this.kindOf(resolved) === BTF_KIND.PTR
      ? this.resolve(this.#word(resolved, 8))
      : undefined
  }

  /** Element type of an array type; undefined when it is no array. */
  elementOf(type: number): number | undefined {
    const resolved = this.resolve(type)
    return this.kindOf(resolved) === BTF_KIND.ARRAY
      ? this.resolve(this.#word(resolved, 12))
      : undefined
  }

  /** A member of a struct or union, anonymous ones searched too. */
  member(type: number, name: string): Member | undefined {
    return this.#member(this.resolve(type), name, 0, 0)
  }

  /** Whether a pointer type carries a tag on what it points to, such as `user` or `percpu`. */
  isTaggedPointer(type: number): boolean {
    const resolved = this.resolve(type)
    if (this.kindOf(resolved) !== BTF_KIND.PTR) return false
    let at = this.#word(resolved, 8)
    for (let depth = 0; depth < 64; depth++) {
      const kind = this.kindOf(at)
      if (kind === BTF_KIND.TYPE_TAG) return true
      if (kind < BTF_KIND.VOLATILE || kind > BTF_KIND.RESTRICT) return false
      at = this.#word(at, 8)
    }
    return true
  }

  /** The value of an enumerator; undefined when the enumeration (32-bit values) has none of that name. */
  enumerator(type: number, name: string): number | undefined {
    if (this.kindOf(type) !== BTF_KIND.ENUM) return undefined
    const count = this.#word(type, 4) & 0xffff
    for (let index = 0; index < count; index++) {
      const at = 12 + index * 8
      if (this.#string(this.#word(type, at)) === name) return this.#word(type, at + 4)
    }
    return undefined
  }

  /** The length field of a type's record: members, parameters; of a function its linkage (0 static, 1 global). */
  lengthOf(type: number): number {
    return type === 0 ? 0 : this.#word(type, 4) & 0xffff
  }

  /** Types of the parameters of a function prototype; empty for any other type. */
  parameters(type: number): number[] {
    if (this.kindOf(type) !== BTF_KIND.FUNC_PROTO) return []
    const count = this.#word(type, 4) & 0xffff
    return Array.from({length: count}, (_, index) => this.#word(type, 12 + index * 8 + 4))
  }

  #member(type: number, name: string, baseBits: number, depth: number): Member | undefined {
    const kind = this.kindOf(type)
    if ((kind !== BTF_KIND.STRUCT && kind !== BTF_KIND.UNION) || depth > 16) return undefined
    const info = this.#word(type, 4)
    const withBitfields = info >>> 31 === 1
    for (let index = 0; index < (info & 0xffff); index++) {
      const at = this.#offsets[type]! + 12 + index * 12
      const memberName = this.#string(this.#bytes.readUInt32LE(at))
      const memberType = this.#bytes.readUInt32LE(at + 4)
      const place = this.#bytes.readUInt32LE(at + 8)
      const bits = baseBits + (withBitfields ? place & 0xffffff : place)
      const width = withBitfields ? place >>> 24 : 0
      if (memberName === name) return this.#place(memberType, bits, width)
      if (memberName === '') {
        const inner = this.#member(this.resolve(memberType), name, bits, depth + 1)
        if (inner !== undefined) return inner
      }
    }
    return undefined
  }

  #place(type: number, bits: number, width: number): Member {
    const size = this.sizeOf(type)
    if (width === 0) return {offset: bits >>> 3, type, size}
    // A bit field is read through the aligned storage unit of its declared type.
    const offset = Math.floor(bits / (size * 8)) * size
    return {offset, type, size, bits: {shift: bits - offset * 8, width}}
  }

  #word(type: number, at: number): number {
    const offset = this.#offsets[type]
    if (offset === undefined) throw new Error(`BTF has no type ${type}`)
    return this.#bytes.readUInt32LE(offset + at)
  }

  #string(at: number): string {
    const start = this.#strings + at
    const end = this.#bytes.indexOf(0, start)
    return this.#bytes.toString('latin1', start, end < 0 ? this.#bytes.length : end)
  }
}
