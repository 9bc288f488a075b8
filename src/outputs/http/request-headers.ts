import {CodedError} from '../../diagnostics/error.ts'

/** Headers that frame the request or carry the promise not to deliver twice: not the user's to set. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'idempotency-key',
  'transfer-encoding',
])
/** What HTTP allows in the name of a header. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
/** What HTTP allows in its value. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Reads the address of a receiver; messages do not repeat it, since it may hold a password or a token.
 *
 * @throws CodedError `CONFIG_INVALID` for anything but http: and https:
 */
export function parseReceiverUrl(kind: string, text: string): URL {
  if (!URL.canParse(text)) throw new CodedError('CONFIG_INVALID', `the ${kind} URL is not a URL`)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CodedError('CONFIG_INVALID', `the ${kind} URL has the scheme ${url.protocol}`, {
      hint: 'use http: or https:',
    })
  }
  return url
}

/**
 * The headers of every request to a receiver, keys in small letters: user and password of the URL as `authorization`,
 * then what the configuration adds.
 *
 * @throws CodedError `CONFIG_INVALID` for a header that cannot be set
 */
export function receiverHeaders(
  kind: string,
  url: URL,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers = new Map<string, string>()
  if (url.username !== '' || url.password !== '') {
    const user = `${percentDecoded(url.username)}:${percentDecoded(url.password)}`
    headers.set('authorization', `Basic ${Buffer.from(user).toString('base64')}`)
  }
  for (const [name, value] of Object.entries(extra)) {
    const key = name.toLowerCase()
    if (!HEADER_NAME.test(name) || OWN_HEADERS.has(key)) {
      throw new CodedError('CONFIG_INVALID', `${kind} header ${JSON.stringify(name)} cannot be set`)
    }
    if (!HEADER_VALUE.test(value)) {
      throw new CodedError('CONFIG_INVALID', `${kind} header ${name} has a value HTTP forbids`)
    }
    headers.set(key, value)
  }
  return Object.fromEntries(headers)
}

/** Undoes the URL's escapes; text that holds a stray percent sign is taken as it is. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
