import type {ByteString} from '../schema/bytes.ts'

/** An address of 4 or 16 bytes as text; IPv6 compressed (RFC 5952). */
export function addressText(address: ByteString): string {
  if (address.length === 4) return [...address].map(byte => byte.charCodeAt(0)).join('.')
  const words: number[] = []
  for (let at = 0; at < 16; at += 2)
    words.push((address.charCodeAt(at) << 8) | address.charCodeAt(at + 1))
  const [start, length] = longestZeroRun(words)
  const part = (from: number, to: number): string =>
    words
      .slice(from, to)
      .map(word => word.toString(16))
      .join(':')
  return length < 2 ? part(0, 8) : `${part(0, start)}::${part(start + length, 8)}`
}

function longestZeroRun(words: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let start = 0; start < words.length; start++) {
    let end = start
    while (words[end] === 0) end++
    if (end - start > best[1]) best = [start, end - start]
  }
  return best
}
