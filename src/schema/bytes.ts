/**
 * Text inside the engine is a string of bytes, because that is what the kernel hands over: a file name need not
 * be UTF-8, and rules compare bytewise. It is kept as a JS string whose every char code is one byte (0–255), so that
 * equality, order, `startsWith` and `includes` are the engine's fast built-ins. Convert at the edges only.
 */

/** A JS string holding one byte per UTF-16 unit (0–255). */
export type ByteString = string

/** Encodes ordinary text as UTF-8 bytes. Pure ASCII comes back unchanged and without a copy. */
export function bytesOf(text: string): ByteString {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1')
  }
  return text
}

/** Decodes UTF-8 bytes to ordinary text; each invalid byte becomes U+FFFD. */
export function textOf(bytes: ByteString): string {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes.charCodeAt(i) > 0x7f) return Buffer.from(bytes, 'latin1').toString('utf8')
  }
  return bytes
}

/** The bytes before the first NUL (all of them when there is none): what a C string comparison sees. */
export function untilNul(bytes: ByteString): ByteString {
  const end = bytes.indexOf('\0')
  return end < 0 ? bytes : bytes.slice(0, end)
}

/** Splits a block of texts that are closed by a NUL each. */
export function splitTexts(block: ByteString): ByteString[] {
  if (block === '') return []
  return (block.endsWith('\0') ? block.slice(0, -1) : block).split('\0')
}
