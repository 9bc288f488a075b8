import {BTF_KIND, type Btf} from '../btf.ts'
import {invalidObject} from './invalid-object.ts'

/** A step from a type into a part of it. Anonymous members are no steps of their own. */
export type Step =
  | {readonly kind: 'member'; readonly name: string}
  | {readonly kind: 'index'; readonly index: number}

/** A part of a type. */
export interface Place {
  /** From the start of the type, in bits. */
  readonly bitOffset: number
  /** Width of a bit field, in bits; 0 for other parts. */
  readonly bitWidth: number
  readonly type: number
}

const MAX_STEPS = 64
const MAX_DEPTH = 16

/**
 * Follows an access string (`0:1:2`) through the object's own types: the first number is an index from the address itself,
 * the others are numbers of members or of array elements.
 * @throws CodedError OBJECT_INVALID
 */
export function localPath(
  types: Btf,
  root: number,
  access: string,
): {readonly steps: readonly Step[]; readonly place: Place} {
  const numbers = accessNumbers(access)
  const [first = 0, ...rest] = numbers
  let type = types.resolve(root)
  let bitOffset = first * types.sizeOf(type) * 8
  let bitWidth = 0
  const steps: Step[] = [{kind: 'index', index: first}]
  for (const number of rest) {
    const member = types.members(type)[number]
    const array = types.arrayOf(type)
    if (member !== undefined) {
      bitOffset += member.bitOffset
      bitWidth = member.bitWidth
      type = types.resolve(member.type)
      if (member.name !== '') steps.push({kind: 'member', name: member.name})
    } else if (array !== undefined) {
      type = types.resolve(array.element)
      bitOffset += number * types.sizeOf(type) * 8
      steps.push({kind: 'index', index: number})
    } else throw invalidObject(`access ${access} leads out of its type`)
  }
  return {steps, place: {bitOffset, bitWidth, type}}
}

/** The numbers of an access string. @throws CodedError OBJECT_INVALID */
export function accessNumbers(access: string): number[] {
  const parts = access.split(':')
  if (parts.length > MAX_STEPS || !parts.every(part => /^\d{1,8}$/.test(part)))
    throw invalidObject(`'${access.slice(0, 80)}' is no access string`)
  return parts.map(Number)
}

/** Takes the same steps through other types; undefined where they are not there. */
export function targetPlace(types: Btf, root: number, steps: readonly Step[]): Place | undefined {
  let type = types.resolve(root)
  let bitOffset = 0
  let bitWidth = 0
  for (const [position, step] of steps.entries()) {
    if (step.kind === 'member') {
      const found = memberOf(types, type, step.name, 0)
      if (found === undefined) return undefined
      bitOffset += found.bitOffset
      bitWidth = found.bitWidth
      type = types.resolve(found.type)
    } else if (position === 0) bitOffset += step.index * types.sizeOf(type) * 8
    else {
      const array = types.arrayOf(type)
      // An array without a length may have any.
      if (array === undefined || (array.count !== 0 && step.index >= array.count)) return undefined
      type = types.resolve(array.element)
      bitOffset += step.index * types.sizeOf(type) * 8
    }
  }
  return {bitOffset, bitWidth, type}
}

function memberOf(types: Btf, type: number, name: string, depth: number): Place | undefined {
  if (depth > MAX_DEPTH) return undefined
  for (const member of types.members(type)) {
    if (member.name === name) return member
    if (member.name !== '') continue
    const inner = memberOf(types, types.resolve(member.type), name, depth + 1)
    if (inner !== undefined) return {...inner, bitOffset: inner.bitOffset + member.bitOffset}
  }
  return undefined
}

/** Whether a part of the kernel's type can stand for one of the object's: the same sort of thing, whatever its size. */
export function isSameSort(
  local: Btf,
  localType: number,
  target: Btf,
  targetType: number,
): boolean {
  const sort = (types: Btf, type: number): number => {
    const kind = types.kindOf(types.resolve(type))
    if (kind === BTF_KIND.ENUM || kind === BTF_KIND.ENUM64) return BTF_KIND.INT
    return kind
  }
  return sort(local, localType) === sort(target, targetType)
}

/** Where to load a part from: the aligned unit of memory that holds it, in bytes. */
export function storageOf(
  types: Btf,
  place: Place,
): {readonly offset: number; readonly size: number} {
  let size = types.sizeOf(place.type)
  if (place.bitWidth === 0) return {offset: place.bitOffset / 8, size}
  let offset = Math.floor(place.bitOffset / (size * 8)) * size
  // A bit field may reach over the end of the unit that its type suggests.
  while (place.bitOffset + place.bitWidth - offset * 8 > size * 8) {
    size *= 2
    if (!(size <= 8)) throw invalidObject('a bit field is wider than 64 bits')
    offset = Math.floor(place.bitOffset / (size * 8)) * size
  }
  return {offset, size}
}
