import type {ByteString} from '../schema/bytes.ts'

/**
 * A text in double quotes with everything but printable ASCII escaped: one spelling for each byte string, so that equal
 * constants give equal canonical texts. For keys and messages, not for printing rules.
 */
export function quoteText(bytes: ByteString): string {
  const escaped = bytes.replace(/[\\"]|[^ -~]/g, char =>
    char === '\\' || char === '"'
      ? `\\${char}`
      : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `"${escaped}"`
}
