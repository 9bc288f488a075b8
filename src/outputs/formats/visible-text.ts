/** Controls, and marks that turn the direction of text or end a line in some places. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Half a surrogate pair is no character. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu

/** Replaces what is no Unicode text. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, '\ufffd')
}

/** Spells out controls and marks of direction as `\u001b`, so that a person sees what is there and nothing is driven. */
export function visibleText(text: string): string {
  return wellFormed(text).replace(
    UNSEEN,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** At most `max` UTF-16 units (1 or more), ended with `…` where it was cut, never within a character. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text
  const last = text.charCodeAt(max - 2)
  const end = last >= 0xd800 && last <= 0xdbff ? max - 2 : max - 1
  return `${text.slice(0, Math.max(0, end))}…`
}

/** At most `max` bytes of UTF-8, never cut within a character. */
export function cutBytes(text: string, max: number): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length <= max) return bytes
  let end = max
  // Bytes of the form 10xxxxxx go on with a character.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}
