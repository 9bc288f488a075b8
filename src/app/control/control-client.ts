import {connect} from 'node:net'
import {CodedError} from '../../diagnostics/error.ts'
import {CONTROL_VERSION, MAX_ANSWER_BYTES, parseAnswer} from './control-protocol.ts'

/** Settings of {@link askDetector}. */
export interface AskOptions {
  readonly path: string
  readonly request: string
  readonly args?: unknown
  /** How long the whole takes at most, in milliseconds. Default 10000. */
  readonly withinMs?: number
}

/**
 * Asks the running detector and gives its result.
 *
 * @throws CodedError `CONTROL_NO_ANSWER` when nobody listens or no answer of this version comes in time, `CONTROL_REFUSED` when
 * the detector says no
 */
export async function askDetector(options: AskOptions): Promise<unknown> {
  const {path, request, args, withinMs = 10_000} = options
  const line = await exchange(
    path,
    `${JSON.stringify({version: CONTROL_VERSION, request, args})}\n`,
    withinMs,
  )
  const answer = parseAnswer(line)
  if (answer === undefined) throw noAnswer(`${path} gave an answer that is not understood`)
  if (answer.ok) return answer.result
  const {code, message} = answer.error
  throw new CodedError('CONTROL_REFUSED', `the detector refused ${request}: ${message} (${code})`)
}

function exchange(path: string, text: string, withinMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const chunks: Buffer[] = []
    let size = 0
    const fail = (error: CodedError): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(
      () => fail(noAnswer(`${path} gave no answer within ${withinMs} ms`)),
      withinMs,
    )
    socket.on('connect', () => socket.write(text))
    socket.on('data', chunk => {
      size += chunk.length
      if (size > MAX_ANSWER_BYTES) return fail(noAnswer(`${path} gave an answer without end`))
      chunks.push(chunk)
    })
    socket.on('end', () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(Buffer.concat(chunks).toString())
    })
    socket.on('error', (error: NodeJS.ErrnoException) => fail(noAnswer(reasonOf(path, error))))
  })
}

function reasonOf(path: string, {code, message}: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `no detector is running: there is no ${path}`
  if (code === 'ECONNREFUSED') return `no detector is running: nobody listens at ${path}`
  if (code === 'EACCES') return `not allowed to ask the detector at ${path}`
  return `cannot ask at ${path}: ${message}`
}

function noAnswer(message: string): CodedError {
  return new CodedError('CONTROL_NO_ANSWER', message, {
    hint: 'start one, or name its socket with --socket PATH',
  })
}
