import {BTF_KIND, type Btf, type ListedMember} from '../../bpf/btf.ts'
import {guarded} from '../../bpf/elf/invalid-object.ts'
import type {BpfObject, ObjectMap} from '../../bpf/elf/object-model.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {ProbeDef, ProbeMember} from '../../schema/probe.ts'

/** What a configuration says of a probe, beside where its object is. */
export interface ProbeWish {
  readonly name: string
  readonly index: number
  /** The ring buffer to read; the only one by default. */
  readonly map: string | undefined
  /** The struct in its records; the value type of the ring buffer by default. */
  readonly struct: string | undefined
}

/** Number of the map type (linux v5.8 include/uapi/linux/bpf.h, BPF_MAP_TYPE_RINGBUF). */
const RINGBUF = 27
/** Encoding bit of truth values in BTF (linux v6.8 include/uapi/linux/btf.h, BTF_INT_BOOL); signed numbers have bit 0. */
const INT_BOOL = 4
const INT_SIGNED = 1
const MAX_MEMBERS = 256
const MAX_DEPTH = 8
const MAX_RECORD_BYTES = 65_536
const MAX_RING_BYTES = 64 << 20

/**
 * What the records of a probe look like, by the types of its object. Members that begin with an underscore are padding: they are
 * no fields.
 * @throws CodedError PROBE_INVALID, OBJECT_INVALID
 */
export function describeProbe(
  object: BpfObject,
  wish: ProbeWish,
): {readonly def: ProbeDef; readonly ring: string} {
  const {name, index} = wish
  const types = object.btf?.types
  if (types === undefined)
    throw invalid('the object has no types that describe its records', 'compile with -g')
  const ring = ringOf(object, wish.map)
  return guarded(`the types of probe ${name}`, () => {
    const type = structOf(types, ring, wish.struct)
    const recordBytes = types.sizeOf(type)
    if (recordBytes === 0 || recordBytes > MAX_RECORD_BYTES)
      throw invalid(`its records have ${recordBytes} bytes: 1 to ${MAX_RECORD_BYTES} can be read`)
    const members = membersOf(types, type, {prefix: '', baseBits: 0, depth: 0})
    if (members.length === 0) throw invalid('its struct has no members that could be fields')
    const outside = members.find(({offset, size}) => offset + size > recordBytes)
    if (outside !== undefined) throw invalid(`member ${outside.name} lies outside of its struct`)
    if (new Set(members.map(member => member.name)).size !== members.length)
      throw invalid('two members have the same name')
    return {def: {name, index, struct: types.nameOf(type), recordBytes, members}, ring: ring.name}
  })
}

function invalid(message: string, hint?: string): CodedError {
  return new CodedError('PROBE_INVALID', message, hint === undefined ? {} : {hint})
}

function ringOf({maps}: BpfObject, wanted: string | undefined): ObjectMap {
  const rings = maps.filter(({type}) => type === RINGBUF)
  const names = rings.map(({name}) => name).join(', ')
  const ring = wanted === undefined ? rings[0] : rings.find(({name}) => name === wanted)
  if (ring === undefined)
    throw wanted === undefined
      ? invalid('the object has no ring buffer', 'declare a map of type BPF_MAP_TYPE_RINGBUF')
      : invalid(`the object has no ring buffer ${wanted}`, `it has: ${names || 'none'}`)
  if (wanted === undefined && rings.length > 1)
    throw invalid(`the object has ${rings.length} ring buffers`, `name one by map: ${names}`)
  const {maxEntries} = ring
  // The kernel asks for a power of two that is whole pages.
  if (maxEntries < 4096 || maxEntries > MAX_RING_BYTES || (maxEntries & (maxEntries - 1)) !== 0)
    throw invalid(
      `ring buffer ${ring.name} has ${maxEntries} bytes`,
      `set max_entries to a power of two from 4096 to ${MAX_RING_BYTES}`,
    )
  return ring
}

function structOf(types: Btf, ring: ObjectMap, wanted: string | undefined): number {
  const hint = 'write __type(value, struct NAME) into the ring buffer, or name it by struct'
  const type =
    wanted === undefined
      ? types.resolve(ring.valueType)
      : (types.find(wanted, BTF_KIND.STRUCT) ?? 0)
  if (type !== 0 && types.kindOf(type) === BTF_KIND.STRUCT) return type
  throw wanted === undefined
    ? invalid(`ring buffer ${ring.name} does not say by a struct what its records hold`, hint)
    : invalid(
        `the object's types have no struct ${wanted}`,
        'clang leaves out what no map or program uses: write __type(value, struct NAME) into the ring buffer',
      )
}

interface Place {
  readonly prefix: string
  readonly baseBits: number
  readonly depth: number
}

function membersOf(types: Btf, struct: number, {prefix, baseBits, depth}: Place): ProbeMember[] {
  if (depth > MAX_DEPTH) throw invalid(`structs lie more than ${MAX_DEPTH} deep in each other`)
  const members: ProbeMember[] = []
  for (const member of types.members(struct)) {
    if (member.name.startsWith('_')) continue
    const bitOffset = baseBits + member.bitOffset
    const type = types.resolve(member.type)
    if (types.kindOf(type) === BTF_KIND.STRUCT) {
      const inner = member.name === '' ? prefix : `${prefix}${member.name}.`
      members.push(
        ...membersOf(types, type, {prefix: inner, baseBits: bitOffset, depth: depth + 1}),
      )
    } else if (member.name !== '') {
      members.push(memberOf(types, type, `${prefix}${member.name}`, {...member, bitOffset}))
    }
    if (members.length > MAX_MEMBERS) throw invalid(`it has more than ${MAX_MEMBERS} members`)
  }
  return members
}

/** Names as conditions can say them. */
const MEMBER_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,63}(?:\.[a-zA-Z][a-zA-Z0-9_]{0,63})*$/

function memberOf(
  types: Btf,
  type: number,
  name: string,
  {bitOffset, bitWidth}: Pick<ListedMember, 'bitOffset' | 'bitWidth'>,
): ProbeMember {
  if (!MEMBER_NAME.test(name)) throw invalid('a member has a name that no field can have')
  const size = types.sizeOf(type)
  if (bitWidth > 0) {
    const offset = Math.floor(bitOffset / 8 / size) * size
    const bits = {shift: bitOffset - offset * 8, width: bitWidth}
    if (bits.shift + bitWidth > size * 8)
      throw invalid(`member ${name} is a bit field out of place`)
    return {name, type: numberType(types, type, size, name), offset, size, bits}
  }
  const offset = bitOffset / 8
  const array = types.arrayOf(type)
  if (array === undefined) return {name, type: numberType(types, type, size, name), offset, size}
  const element = types.resolve(array.element)
  if (types.kindOf(element) !== BTF_KIND.INT || types.sizeOf(element) !== 1 || size === 0)
    throw unknownType(name, 'an array of something else than bytes')
  return {name, type: types.nameOf(element) === 'char' ? 'string' : 'bytebuf', offset, size}
}

function numberType(types: Btf, type: number, size: number, name: string): ProbeMember['type'] {
  const kind = types.kindOf(type)
  const isEnum = kind === BTF_KIND.ENUM || kind === BTF_KIND.ENUM64
  if (kind !== BTF_KIND.INT && !isEnum) throw unknownType(name, KIND_NAMES[kind] ?? `kind ${kind}`)
  const bits = size * 8
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64)
    throw unknownType(name, `a number of ${size} bytes`)
  const encoding = types.intEncoding(type)
  if ((encoding & INT_BOOL) !== 0) return 'bool'
  const isSigned = isEnum
    ? types.enumerators(type).some(({value}) => value < 0n)
    : (encoding & INT_SIGNED) !== 0
  return `${isSigned ? 'int' : 'uint'}${bits}`
}

const KIND_NAMES: Readonly<Record<number, string>> = {
  [BTF_KIND.PTR]: 'a pointer',
  [BTF_KIND.UNION]: 'a union',
  [BTF_KIND.FLOAT]: 'a floating point number',
  [BTF_KIND.FWD]: 'an unknown struct',
}

function unknownType(name: string, what: string): CodedError {
  return invalid(
    `member ${name} is ${what}, which cannot be a field`,
    'use integers, enums, bool, arrays of char and structs of these; begin names of padding with _',
  )
}
