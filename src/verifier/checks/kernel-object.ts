import {BTF_KIND, type Btf} from '../../bpf/btf.ts'
import {anyNumber, type Pointer, pointer, type Register} from '../machine/register.ts'
import {Refusal} from '../problem.ts'
import {constOf} from '../values/value.ts'

/** Nested structs and arrays of kernel types are no deeper. */
const MAX_DEPTH = 32

/**
 * Structs with members that must be tested when read from a trusted object (linux v6.18 verifier.c,
 * BTF_TYPE_SAFE_TRUSTED_OR_NULL and BTF_TYPE_SAFE_RCU_OR_NULL).
 */
const NULLABLE: ReadonlySet<string> = new Set([
  'socket',
  'vm_area_struct',
  'dentry',
  'mm_struct',
  'sk_buff',
  'request_sock',
])

/**
 * What a load from a kernel object gives: a number, or a pointer to another object.
 * @throws Refusal when the bytes are not wholly in one member, or the pointer moved by an unknown distance
 */
export function loadKernelObject(
  btf: Btf | undefined,
  from: Pointer,
  off: number,
  size: number,
  newId: () => number,
): NonNullable<Register> {
  const place = from.off + off
  if (btf === undefined || from.type === undefined)
    throw new Refusal('kernel-type', 'the types of the kernel are not known')
  if (constOf(from.variable) !== 0n)
    throw new Refusal('kernel-type', 'a kernel object is read at an unknown offset')
  if (place < 0) throw new Refusal('kernel-type', `a kernel object is read at ${place}`)
  const target = walk(btf, from.type, place, size, 0)
  // The file that an iterator writes to is there as long as the iterator runs.
  if (target !== undefined && from.trusted === true && btf.nameOf(from.type) === 'bpf_iter_meta')
    return pointer('kernel', {type: target, trusted: true})
  // Never trusted: what the kernel trusts further is a list that differs between versions.
  if (target === undefined) return anyNumber()
  const maybeNull = from.trusted === true && NULLABLE.has(btf.nameOf(from.type))
  return pointer('kernel', {type: target, trusted: false, maybeNull, id: maybeNull ? newId() : 0})
}

/** The type that the loaded member points to; undefined for a number. */
function walk(
  btf: Btf,
  type: number,
  off: number,
  size: number,
  depth: number,
): number | undefined {
  if (depth > MAX_DEPTH) throw new Refusal('kernel-type', 'the type is nested too deeply')
  const name = btf.nameOf(type)
  if (off + size > btf.sizeOf(type)) {
    const last = btf.members(type).at(-1)
    const element = last === undefined ? undefined : btf.elementOf(last.type)
    const start = last === undefined ? 0 : last.bitOffset / 8
    // An array without a length at the end of a struct goes on behind it.
    if (
      last !== undefined &&
      element !== undefined &&
      btf.sizeOf(last.type) === 0 &&
      off >= start
    ) {
      if (btf.kindOf(element) === BTF_KIND.INT) return undefined
      const bytes = btf.sizeOf(element)
      const isStruct = btf.kindOf(element) === BTF_KIND.STRUCT
      if (isStruct && bytes > 0) return walk(btf, element, (off - start) % bytes, size, depth + 1)
    }
    throw new Refusal('kernel-type', `${size} bytes at ${off} are outside struct ${name}`)
  }
  for (const member of btf.members(type)) {
    if (member.bitWidth > 0) {
      const end = Math.ceil((member.bitOffset + member.bitWidth) / 8)
      if (off <= Math.floor(member.bitOffset / 8) && end <= off + size) return undefined
      continue
    }
    const start = member.bitOffset / 8
    const end = start + btf.sizeOf(member.type)
    if (off + size <= start) break
    if (off >= end) continue
    return walkMember(btf, member.type, off - start, size, depth)
  }
  throw new Refusal('kernel-type', `struct ${name} has no member at ${off}`)
}

function walkMember(
  btf: Btf,
  memberType: number,
  off: number,
  size: number,
  depth: number,
): number | undefined {
  let type = btf.resolve(memberType)
  let at = off
  const end = btf.sizeOf(type)
  for (let element = btf.elementOf(type); element !== undefined; element = btf.elementOf(type)) {
    const bytes = btf.sizeOf(element)
    if (bytes === 0) throw new Refusal('kernel-type', 'a member has no size')
    at %= bytes
    type = element
  }
  const kind = btf.kindOf(type)
  if (kind === BTF_KIND.STRUCT || kind === BTF_KIND.UNION)
    return walk(btf, type, at, size, depth + 1)
  if (kind === BTF_KIND.PTR) {
    if (at !== 0 || size !== 8)
      throw new Refusal('kernel-type', `a pointer is read by ${size} bytes at its byte ${at}`)
    const pointee = btf.pointee(type)
    const pointed = pointee === undefined ? 0 : btf.kindOf(pointee)
    const isObject = pointed === BTF_KIND.STRUCT || pointed === BTF_KIND.UNION
    if (!isObject) return undefined
    if (btf.isTaggedPointer(type))
      throw new Refusal('kernel-type', 'a pointer to user or per-CPU memory is loaded', {
        hint: 'read it by a probe_read helper',
      })
    return pointee
  }
  if (off + size > end)
    throw new Refusal('kernel-type', `${size} bytes at ${off} end behind their member`)
  return undefined
}
