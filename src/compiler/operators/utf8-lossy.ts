import type {ByteString} from '../../schema/bytes.ts'

/**
 * Decodes UTF-8, one U+FFFD for **each** byte that belongs to no valid sequence. (The built-in decoder writes one for a cut
 * sequence as a whole, and a pattern could count the difference.)
 */
export function decodeLossy(bytes: ByteString): string {
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes.charCodeAt(at)
    if (lead < 0x80) {
      text += bytes[at++]
      continue
    }
    const size = sequenceLength(bytes, at, lead)
    if (size === 0) {
      text += '\ufffd'
      at++
      continue
    }
    let point = lead & (0x7f >> size)
    for (let i = 1; i < size; i++) point = (point << 6) | (bytes.charCodeAt(at + i) & 0x3f)
    text += String.fromCodePoint(point)
    at += size
  }
  return text
}

/** Bytes of the valid sequence that begins here; 0 when there is none. */
function sequenceLength(bytes: ByteString, at: number, lead: number): 0 | 2 | 3 | 4 {
  const size =
    lead >= 0xc2 && lead <= 0xdf
      ? 2
      : lead >= 0xe0 && lead <= 0xef
        ? 3
        : lead >= 0xf0 && lead <= 0xf4
          ? 4
          : 0
  if (size === 0 || at + size > bytes.length) return 0
  for (let i = 1; i < size; i++) if ((bytes.charCodeAt(at + i) & 0xc0) !== 0x80) return 0
  const second = bytes.charCodeAt(at + 1)
  // Overlong forms, surrogates and what is beyond U+10FFFF.
  if (lead === 0xe0 && second < 0xa0) return 0
  if (lead === 0xed && second > 0x9f) return 0
  if (lead === 0xf0 && second < 0x90) return 0
  return lead === 0xf4 && second > 0x8f ? 0 : size
}
