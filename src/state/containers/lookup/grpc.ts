/**
 * Single gRPC calls over HTTP/2 on a Unix socket (grpc.io, "gRPC over HTTP2"): one request message, one answer, each behind five
 * bytes: a flag for compression, which is never asked for, and the length.
 */
import {type ClientHttp2Session, connect, constants} from 'node:http2'
import {createConnection} from 'node:net'

/** A longer answer is given up. gRPC itself stops at 4 MiB unless told otherwise. */
const MAX_ANSWER = 4 * 1024 * 1024
const HEAD = 5

/** Status codes of gRPC that are told apart. */
export const GRPC = {ok: 0, notFound: 5, unimplemented: 12} as const

/** An answer: the code, and the message when the code is ok. */
export interface GrpcAnswer {
  readonly code: number
  readonly message: Buffer
}

/** A connection to a server. */
export interface GrpcChannel {
  /** Undefined when nobody is there, the time is up, or the answer is malformed or too long. Never rejects. */
  call(path: string, message: Buffer, timeoutMs: number): Promise<GrpcAnswer | undefined>
  /** Ends the connection and all calls. */
  close(): void
}

/** Connects to a gRPC server; whether somebody is there shows at the first call. */
export function openGrpc(socketPath: string): GrpcChannel {
  const session = connect('http://localhost', {
    createConnection: () => createConnection(socketPath),
    settings: {enablePush: false},
    maxHeaderListPairs: 64,
  })
  // Each call on the way hears of it by itself.
  session.on('error', () => session.destroy())
  return {
    call: (path, message, timeoutMs) => call(session, path, message, timeoutMs),
    close: () => session.destroy(),
  }
}

function call(
  session: ClientHttp2Session,
  path: string,
  message: Buffer,
  timeoutMs: number,
): Promise<GrpcAnswer | undefined> {
  if (session.destroyed || session.closed) return Promise.resolve(undefined)
  return new Promise(resolve => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    const timer = setTimeout(() => done(undefined), Math.max(1, timeoutMs))
    const chunks: Buffer[] = []
    let size = 0
    let httpStatus: unknown
    let code: number | undefined
    const done = (answer: GrpcAnswer | undefined): void => {
      clearTimeout(timer)
      resolve(answer)
      stream.close(constants.NGHTTP2_CANCEL)
    }
    const takeCode = (headers: Readonly<Record<string, unknown>>): void => {
      const text = headers['grpc-status']
      if (typeof text === 'string' && /^\d{1,3}$/.test(text)) code = Number(text)
    }
    stream.on('error', () => done(undefined))
    // An answer of a code alone has it among the headers.
    stream.on('response', headers => {
      httpStatus = headers[':status']
      takeCode(headers)
    })
    stream.on('trailers', takeCode)
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_ANSWER + HEAD) done(undefined)
      else chunks.push(chunk)
    })
    stream.on('end', () => {
      if (httpStatus !== 200 || code === undefined) return done(undefined)
      if (code !== GRPC.ok) return done({code, message: Buffer.alloc(0)})
      const body = Buffer.concat(chunks)
      const whole = body.length >= HEAD && body[0] === 0 && body.readUInt32BE(1) === size - HEAD
      done(whole ? {code, message: body.subarray(HEAD)} : undefined)
    })
    stream.on('close', () => done(undefined))
    const head = Buffer.alloc(HEAD)
    head.writeUInt32BE(message.length, 1)
    stream.end(Buffer.concat([head, message]))
  })
}
