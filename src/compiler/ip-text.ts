import type {ByteString} from '../schema/bytes.ts'

/** Reads a dotted IPv4 address of four plain decimal bytes; undefined when it is none. */
function parseIpv4(text: string): ByteString | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  let bytes = ''
  for (const part of match.slice(1)) {
    const value = Number(part)
    if (value > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    bytes += String.fromCharCode(value)
  }
  return bytes
}

/** Reads an IPv6 address without an embedded IPv4 part; undefined when it is none. */
function parseIpv6(text: string): ByteString | undefined {
  if (!/^[0-9a-fA-F:]{2,39}$/.test(text)) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = halves[0] === '' ? [] : halves[0]!.split(':')
  const tail = halves.length === 1 || halves[1] === '' ? [] : halves[1]!.split(':')
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail]
  if (!groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return groups
    .map(group => {
      const value = Number.parseInt(group, 16)
      return String.fromCharCode(value >> 8, value & 255)
    })
    .join('')
}

/** Reads an address: IPv4 when there is a dot in it, else IPv6. */
export function parseIp(text: string): ByteString | undefined {
  return text.includes('.') ? parseIpv4(text) : parseIpv6(text)
}

/**
 * Reads a network `address/prefix` as address bytes and one byte with the prefix length. IPv4 prefixes are 0–32, IPv6
 * ones 1–128; bits beyond the prefix are kept as written and mean nothing.
 */
export function parseNet(text: string): ByteString | undefined {
  const slash = text.indexOf('/')
  if (slash < 0 || !/^\d{1,3}$/.test(text.slice(slash + 1))) return undefined
  const address = parseIp(text.slice(0, slash))
  const prefix = Number(text.slice(slash + 1))
  if (address === undefined) return undefined
  const valid = address.length === 4 ? prefix <= 32 : prefix >= 1 && prefix <= 128
  return valid ? address + String.fromCharCode(prefix) : undefined
}

/** Prints an address of 4 or 16 bytes: dotted, or IPv6 with its longest run of zero groups shortened. */
export function ipText(address: ByteString): string {
  if (address.length === 4) return Array.from(address, byte => byte.charCodeAt(0)).join('.')
  const groups = Array.from(
    {length: 8},
    (_, i) => (address.charCodeAt(2 * i) << 8) | address.charCodeAt(2 * i + 1),
  )
  let best = {start: -1, length: 1}
  for (let start = 0; start < 8; start++) {
    let end = start
    while (end < 8 && groups[end] === 0) end++
    if (end - start > best.length) best = {start, length: end - start}
  }
  const hex = (part: readonly number[]): string => part.map(group => group.toString(16)).join(':')
  // Addresses with an embedded IPv4 part print it dotted, as inet_ntop does.
  const mapped = groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff
  if (mapped) return `::ffff:${ipText(address.slice(12))}`
  if (best.start < 0) return hex(groups)
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`
}

/** Whether an address (or, of equal family, a network) lies in a network. Other families never do. */
export function inNet(value: ByteString, net: ByteString): boolean {
  const size = net.length - 1
  const prefix = net.charCodeAt(size)
  // A value one byte longer than an address is a network itself: it must not be wider than this one.
  if (value.length !== size && (value.length !== size + 1 || value.charCodeAt(size) < prefix))
    return false
  const whole = prefix >> 3
  for (let i = 0; i < whole; i++) if (value.charCodeAt(i) !== net.charCodeAt(i)) return false
  const rest = prefix & 7
  return rest === 0 || (value.charCodeAt(whole) ^ net.charCodeAt(whole)) >> (8 - rest) === 0
}
