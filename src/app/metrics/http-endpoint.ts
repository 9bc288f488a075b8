import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {CodedError} from '../../diagnostics/error.ts'
import {listenAtPath, type SocketFile} from '../control/socket-file.ts'
import type {StatusReport} from '../status/status-report.ts'
import {detectorMetrics} from './detector-metrics.ts'
import {EXPOSITION_TYPE, exposition} from './exposition.ts'
import {obstacles} from './health.ts'
import type {ListenPlace} from './listen-place.ts'

/** Connections at once; more are refused. */
const MAX_CONNECTIONS = 32
/** Anybody on the host may ask: within this time everybody gets the same picture, in milliseconds. */
const FRESH_MS = 500
const REQUEST_MS = 5000
const MAX_HEADER_BYTES = 8192

/** Settings of {@link openHttpEndpoint}. */
export interface HttpEndpointOptions {
  readonly place: ListenPlace
  /** Serve `/metrics` too. */
  readonly metrics: boolean
  /** Path of the health check. */
  readonly healthPath: string
  readonly report: () => Promise<StatusReport>
}

/** An address at which metrics and health can be read. */
export interface HttpEndpoint {
  /** For people: `127.0.0.1:8765`, or the path. */
  readonly where: string
  /** Idempotent. */
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/**
 * Serves `/metrics`, `/healthz` and `/readyz`.
 * @throws CodedError `HTTP_LISTEN`, for a unix socket `CONTROL_BUSY` or `CONTROL_LISTEN`
 */
export async function openHttpEndpoint(options: HttpEndpointOptions): Promise<HttpEndpoint> {
  const fresh = shared(options.report)
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: REQUEST_MS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => void serve(request, response, options, fresh),
  )
  server.maxConnections = MAX_CONNECTIONS
  // No request here has anything to say for long.
  server.setTimeout(2 * REQUEST_MS)
  const file = await listenAt(server, options.place)
  server.unref()
  let closed: Promise<void> | undefined
  return {
    where: whereOf(server, options.place),
    close() {
      closed ??= new Promise(resolve => {
        file?.remove()
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return closed
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpEndpointOptions,
  fresh: () => Promise<StatusReport>,
): Promise<void> {
  request.resume()
  const {status, type, body} = await answerTo(request, options, fresh)
  const isHead = request.method === 'HEAD'
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...(status === 405 && {allow: 'GET, HEAD'}),
  })
  response.end(isHead ? undefined : body)
}

async function answerTo(
  {method, url = ''}: IncomingMessage,
  {metrics, healthPath}: HttpEndpointOptions,
  fresh: () => Promise<StatusReport>,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return json(405, {error: 'only GET and HEAD'})
  const [path] = url.split('?', 1)
  try {
    if (path === '/metrics' && metrics) {
      const body = exposition(detectorMetrics(await fresh()))
      return {status: 200, type: EXPOSITION_TYPE, body}
    }
    if (path === healthPath) return health(await fresh())
    if (path === '/readyz') return readiness(await fresh())
    return json(404, {error: 'no such page'})
  } catch (error) {
    return json(500, {error: error instanceof Error ? error.message : String(error)})
  }
}

/** Well as long as a restart of the process would mend nothing. */
function health({state}: StatusReport): Answer {
  const isWell = state !== 'not_answering'
  return json(isWell ? 200 : 503, {status: isWell ? 'ok' : state})
}

/** Ready when detection can be relied on. */
function readiness(report: StatusReport): Answer {
  const reasons = obstacles(report)
  const isReady = reasons.length === 0
  return json(isReady ? 200 : 503, isReady ? {status: 'ok'} : {status: 'not ready', reasons})
}

function json(status: number, value: unknown): Answer {
  return {status, type: 'application/json', body: `${JSON.stringify(value)}\n`}
}

/** One report for all who ask within {@link FRESH_MS}. */
function shared(report: () => Promise<StatusReport>): () => Promise<StatusReport> {
  let last: {readonly answer: Promise<StatusReport>; readonly atMs: number} | undefined
  return () => {
    const now = performance.now()
    if (last === undefined || now - last.atMs > FRESH_MS) last = {answer: report(), atMs: now}
    return last.answer
  }
}

async function listenAt(server: Server, place: ListenPlace): Promise<SocketFile | undefined> {
  if ('path' in place) return listenAtPath(server, place.path)
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(
        new CodedError(
          'HTTP_LISTEN',
          `cannot listen at ${place.host}:${place.port}: ${error.message}`,
          {
            hint: 'name another address or port by metrics.listen',
            cause: error,
          },
        ),
      )
    server.once('error', fail)
    server.listen({host: place.host, port: place.port, exclusive: true}, () => {
      server.removeListener('error', fail)
      resolve()
    })
  })
  return undefined
}

function whereOf(server: Server, place: ListenPlace): string {
  const address = server.address()
  if ('path' in place || address === null || typeof address === 'string')
    return 'path' in place ? place.path : String(address)
  const {address: host, port} = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
