import type {ByteString} from '../schema/bytes.ts'

/** Lower-cases the ASCII letters; all other bytes stay (the built-in function also changes Latin letters). */
export function asciiLower(bytes: ByteString): ByteString {
  return bytes.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

/** Upper-cases the ASCII letters; all other bytes stay. */
export function asciiUpper(bytes: ByteString): ByteString {
  return bytes.replace(/[a-z]+/g, letters => letters.toUpperCase())
}
