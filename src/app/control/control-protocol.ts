/**
 * What is said over the control socket: the client sends one line of JSON, the detector answers with one line and closes.
 *
 *     {"version":1,"request":"status"}
 *     {"version":1,"request":"queue","args":{…}}
 *     {"version":1,"ok":true,"result":{…}}
 *     {"version":1,"ok":false,"error":{"code":"…","message":"…"}}
 */

/** Grows when a client of before could misunderstand an answer. */
export const CONTROL_VERSION = 1
/** Longest request, in bytes with the line's end. */
export const MAX_REQUEST_BYTES = 4096
/** Longest answer that a client takes, in bytes. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024

/** Why a request was refused. */
export interface ControlFailure {
  readonly code: 'bad_request' | 'unknown_version' | 'unknown_request' | 'failed' | 'busy'
  readonly message: string
}

/** What the detector says. */
export type ControlAnswer =
  | {readonly version: number; readonly ok: true; readonly result: unknown}
  | {readonly version: number; readonly ok: false; readonly error: ControlFailure}

/** What was asked for; what the arguments may be is up to the request. */
export interface ControlRequest {
  readonly request: string
  readonly args: unknown
}

/** Understands a request. Whatever else a line holds is passed over. */
export function parseRequest(line: string): ControlRequest | ControlFailure {
  const value = parseObject(line)
  if (value === undefined) return {code: 'bad_request', message: 'not a JSON object'}
  if (value['version'] !== CONTROL_VERSION)
    return {code: 'unknown_version', message: `only version ${CONTROL_VERSION} is understood`}
  const request = value['request']
  if (typeof request !== 'string') return {code: 'bad_request', message: 'request is no text'}
  return {request, args: value['args']}
}

/** Understands an answer; undefined when it is none of this version. */
export function parseAnswer(line: string): ControlAnswer | undefined {
  const value = parseObject(line)
  if (value?.['version'] !== CONTROL_VERSION) return undefined
  if (value['ok'] === true) return {version: CONTROL_VERSION, ok: true, result: value['result']}
  const error = value['error']
  if (typeof error !== 'object' || error === null) return undefined
  const {code, message} = error as Record<string, unknown>
  return {
    version: CONTROL_VERSION,
    ok: false,
    error: {code: String(code) as ControlFailure['code'], message: String(message)},
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    // No JSON: the caller says so.
    return undefined
  }
}
