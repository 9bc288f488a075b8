import {mkdirSync, rmdirSync} from 'node:fs'
import {createServer, type Socket} from 'node:net'
import {dirname} from 'node:path'
import {
  CONTROL_VERSION,
  type ControlAnswer,
  type ControlFailure,
  MAX_REQUEST_BYTES,
  parseRequest,
} from './control-protocol.ts'
import {listenAtPath} from './socket-file.ts'

/** Clients served at once; more are turned away. */
const MAX_CLIENTS = 16
/** A client that has not sent its request, or not taken the answer, by then is cut off, in milliseconds. */
const PATIENCE_MS = 5000

/** What the detector can be asked, by the name of the request; the result is sent as JSON. */
export type ControlHandlers = ReadonlyMap<string, (args: unknown) => Promise<unknown>>

/** Settings of {@link openControlServer}. */
export interface ControlServerOptions {
  readonly path: string
  /** Make the folder (mode 0700) when it is not there, and take it away at the end if it is empty. */
  readonly ownsFolder: boolean
  readonly handlers: ControlHandlers
  /** Default {@link PATIENCE_MS}. */
  readonly patienceMs?: number
}

/** A control socket that is listened to. */
export interface ControlServer {
  readonly path: string
  /** Hangs up on everybody and takes the socket away. Idempotent. */
  close(): Promise<void>
}

/**
 * Answers requests over a unix socket of mode 0600.
 * @throws CodedError `CONTROL_BUSY`, `CONTROL_LISTEN`
 */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const {path, ownsFolder, handlers, patienceMs = PATIENCE_MS} = options
  const clients = new Set<Socket>()
  const server = createServer({allowHalfOpen: true}, socket => {
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    // A client that goes away is its own business.
    socket.on('error', () => socket.destroy())
    const beImpatient = () => setTimeout(() => socket.destroy(), patienceMs)
    let timer = beImpatient()
    socket.on('close', () => clearTimeout(timer))
    if (clients.size > MAX_CLIENTS) {
      // Read and thrown away, as below.
      socket.resume()
      say(socket, refusal('busy', 'too many clients at once'))
      return
    }
    readLine(socket, line => {
      // What takes long is up to the handler, which knows what was asked.
      clearTimeout(timer)
      void answer(line, handlers).then(text => {
        timer = beImpatient()
        say(socket, text)
      })
    })
  })
  if (ownsFolder) tryMakeFolder(dirname(path))
  const file = await listenAtPath(server, path)
  // Only the command that started the detector decides how long it runs.
  server.unref()
  let closed: Promise<void> | undefined
  return {
    path,
    close() {
      closed ??= new Promise(resolve => {
        file.remove()
        if (ownsFolder) tryRemoveFolder(dirname(path))
        for (const client of clients) client.destroy()
        server.close(() => resolve())
      })
      return closed
    },
  }
}

/** Calls back with the first line, or with as much as a request may have at most. */
function readLine(socket: Socket, onLine: (line: string | undefined) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  const take = (chunk: Buffer): void => {
    const end = chunk.indexOf(0x0a)
    const part = end < 0 ? chunk : chunk.subarray(0, end)
    chunks.push(part)
    size += part.length
    if (end >= 0 || size > MAX_REQUEST_BYTES) finish()
  }
  const finish = (): void => {
    socket.removeListener('data', take)
    socket.removeListener('end', finish)
    // What else it sends is read and thrown away, so that closing does not reset the connection under the answer.
    socket.resume()
    onLine(size > MAX_REQUEST_BYTES ? undefined : Buffer.concat(chunks).toString())
  }
  socket.on('data', take)
  socket.on('end', finish)
}

async function answer(line: string | undefined, handlers: ControlHandlers): Promise<string> {
  if (line === undefined) return refusal('bad_request', 'the request is too long')
  const parsed = parseRequest(line)
  if ('code' in parsed) return refusal(parsed.code, parsed.message)
  const handler = handlers.get(parsed.request)
  if (handler === undefined) return refusal('unknown_request', 'no such request')
  try {
    const result = await handler(parsed.args)
    return lineOf({version: CONTROL_VERSION, ok: true, result})
  } catch (error) {
    return refusal('failed', error instanceof Error ? error.message : String(error))
  }
}

function refusal(code: ControlFailure['code'], message: string): string {
  return lineOf({version: CONTROL_VERSION, ok: false, error: {code, message}})
}

function lineOf(message: ControlAnswer): string {
  return `${JSON.stringify(message)}\n`
}

function say(socket: Socket, text: string): void {
  if (!socket.destroyed) socket.end(text)
}

function tryMakeFolder(folder: string): void {
  try {
    mkdirSync(folder, {mode: 0o700})
  } catch {
    // It is there, or the attempt to listen will say why not.
  }
}

function tryRemoveFolder(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Others have something in it.
  }
}
