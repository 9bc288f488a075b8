import {BTF_KIND, type Btf} from './btf.ts'

/** Longest text of one value, in characters. */
const MAX_TEXT = 4096
const MAX_DEPTH = 8
const MAX_ELEMENTS = 64

/**
 * A value as its type describes it: `{hits = 1, name = "first"}`. Bounded: what is too deep, too long or not described is
 * shown as bytes or left out with `…`.
 */
export function formatValue(types: Btf, type: number, bytes: Buffer): string {
  const text = valueText(types, type, bytes, 0)
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

/** Bytes in hexadecimal: `01 00 ff`. */
export function formatBytes(bytes: Buffer): string {
  const shown = bytes
    .subarray(0, MAX_ELEMENTS)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')
  return bytes.length > MAX_ELEMENTS ? `${shown} …` : shown
}

function valueText(types: Btf, type: number, bytes: Buffer, depth: number): string {
  const resolved = types.resolve(type)
  const size = types.sizeOf(resolved)
  if (depth > MAX_DEPTH || size > bytes.length || size === 0) return formatBytes(bytes)
  const value = bytes.subarray(0, size)
  switch (types.kindOf(resolved)) {
    case BTF_KIND.INT:
      return integerText(value, (types.intEncoding(resolved) & 1) !== 0)
    case BTF_KIND.PTR:
      return `0x${readUnsigned(value).toString(16)}`
    case BTF_KIND.ENUM:
    case BTF_KIND.ENUM64:
      return enumText(types, resolved, value)
    case BTF_KIND.ARRAY:
      return arrayText(types, resolved, value, depth)
    case BTF_KIND.STRUCT:
    case BTF_KIND.UNION:
      return structText(types, resolved, value, depth)
    case BTF_KIND.DATASEC:
      return listText(types.variables(resolved), variable => {
        const inner = types.targetOf(variable.type)
        const text = valueText(types, inner, value.subarray(variable.offset), depth + 1)
        return `${types.nameOf(variable.type)} = ${text}`
      })
    default:
      return formatBytes(value)
  }
}

function listText<T>(parts: readonly T[], show: (part: T) => string): string {
  const shown: string[] = []
  let length = 0
  for (const part of parts) {
    if (shown.length === MAX_ELEMENTS || length > MAX_TEXT) {
      shown.push('…')
      break
    }
    const text = show(part)
    length += text.length
    shown.push(text)
  }
  return `{${shown.join(', ')}}`
}

function structText(types: Btf, type: number, value: Buffer, depth: number): string {
  return listText(types.members(type), member => {
    const name = member.name === '' ? '' : `${member.name} = `
    if (member.bitWidth > 0) return `${name}${bitsOf(value, member.bitOffset, member.bitWidth)}`
    return `${name}${valueText(types, member.type, value.subarray(member.bitOffset >>> 3), depth + 1)}`
  })
}

function arrayText(types: Btf, type: number, value: Buffer, depth: number): string {
  const {element, count} = types.arrayOf(type)!
  const inner = types.resolve(element)
  const size = types.sizeOf(inner)
  if (size === 1 && types.nameOf(inner) === 'char') return textOf(value)
  const indexes = Array.from({length: Math.min(count, MAX_ELEMENTS + 1)}, (_, index) => index)
  return listText(indexes, index =>
    valueText(types, inner, value.subarray(index * size), depth + 1),
  ).replace(/^\{(.*)\}$/s, '[$1]')
}

function textOf(value: Buffer): string {
  const end = value.indexOf(0)
  return JSON.stringify(value.toString('latin1', 0, end < 0 ? value.length : end))
}

function enumText(types: Btf, type: number, value: Buffer): string {
  const number = readUnsigned(value)
  const bits = value.length * 8
  const found = types.enumerators(type).find(each => BigInt.asUintN(bits, each.value) === number)
  return found?.name ?? String(number)
}

function integerText(value: Buffer, signed: boolean): string {
  const number = readUnsigned(value)
  return String(signed ? BigInt.asIntN(value.length * 8, number) : number)
}

function bitsOf(value: Buffer, offset: number, width: number): string {
  const start = offset >>> 3
  const number = readUnsigned(value.subarray(start, start + 9)) >> BigInt(offset & 7)
  return String(BigInt.asUintN(width, number))
}

/** Little-endian, any length. */
function readUnsigned(value: Buffer): bigint {
  return value.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
