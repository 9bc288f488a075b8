import {type ByteString, untilNul} from '../../schema/bytes.ts'
import {eachText, oneArgument, type Transformer} from './transformer.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Bits of the last character that no byte uses, by length modulo 4. */
const SPARE_BITS = [0, 0, 15, 3]

/** Decodes standard base64, strictly but for the padding, which may be left out; undefined when it is none. */
function decode(text: ByteString): ByteString | undefined {
  const body = text.replace(/={1,2}$/, '')
  const rest = body.length % 4
  if (rest === 1 || !/^[A-Za-z0-9+/]*$/.test(body)) return undefined
  const last = ALPHABET.indexOf(body.at(-1) ?? 'A')
  if ((last & SPARE_BITS[rest]!) !== 0) return undefined
  return Buffer.from(body, 'base64').toString('latin1')
}

/** `b64(text)`: decoded text, as all text, ends before its first NUL. */
export const b64: Transformer = {
  name: 'b64',
  doc: 'The decoded base64 text; absent when it is not valid.',
  check: oneArgument([], ['string', 'charbuf', 'bytebuf']),
  bind: args =>
    eachText(text => {
      const decoded = decode(text)
      return decoded === undefined || args[0]!.type === 'bytebuf' ? decoded : untilNul(decoded)
    })(),
}
