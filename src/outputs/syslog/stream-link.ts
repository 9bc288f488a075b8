import {connect as connectPlain, isIP, type Socket} from 'node:net'
import {connect as connectTls} from 'node:tls'
import type {TlsOptions} from '../http/tls-files.ts'
import {deliveryError} from '../sink.ts'
import type {SyslogLink} from './link.ts'

/** Settings of {@link streamLink}. */
export interface StreamLinkOptions {
  /** Stands before every message of an error. */
  readonly name: string
  readonly address: {readonly host: string; readonly port: number} | {readonly path: string}
  /** Longest wait for a connection, and for the kernel to take a message. */
  readonly timeoutMs: number
  /** `octets`: each message behind its length; `line`: each followed by a line feed. */
  readonly framing: 'octets' | 'line'
  /** With it the connection is TLS; asked at every connection. */
  readonly tls?: () => TlsOptions
}

/** Syslog messages over a connection that is kept open. */
export function streamLink(options: StreamLinkOptions): SyslogLink {
  const {name, timeoutMs, framing} = options
  let open: Socket | undefined

  const connection = async (signal: AbortSignal): Promise<Socket> => {
    if (open?.writable) return open
    const socket = await connected(dial(options), name, timeoutMs, signal)
    // A receiver says nothing; what it says is thrown away, so that the end of the connection is noticed.
    socket.resume()
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (open === socket) open = undefined
    })
    open = socket
    return socket
  }

  return {
    async send(messages, signal) {
      const socket = await connection(signal)
      let delivered = 0
      try {
        await writeAll(
          socket,
          messages.map(message => framed(message, framing)),
          timeoutMs,
          signal,
          () => delivered++,
        )
      } catch (error) {
        // What was half written cannot be taken back: the next message needs a connection of its own.
        socket.destroy()
        const reason = error instanceof Error ? error.message : 'closed'
        throw deliveryError(`${name}: ${reason}`, {delivered}, error)
      }
    },
    close: async () => {
      const socket = open
      open = undefined
      socket?.end()
      socket?.destroySoon()
    },
  }
}

function framed(message: Buffer, framing: StreamLinkOptions['framing']): Buffer {
  return framing === 'octets'
    ? Buffer.concat([Buffer.from(`${message.length} `), message])
    : Buffer.concat([message, Buffer.from('\n')])
}

function dial({address, tls}: StreamLinkOptions): {
  readonly socket: Socket
  readonly ready: string
} {
  if (tls === undefined || 'path' in address)
    return {socket: connectPlain(address), ready: 'connect'}
  // A server name must not be an address.
  const servername = isIP(address.host) === 0 ? {servername: address.host} : {}
  return {socket: connectTls({...address, ...servername, ...tls()}), ready: 'secureConnect'}
}

function connected(
  {socket, ready}: ReturnType<typeof dial>,
  name: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      socket.removeAllListeners()
      if (error === undefined) return resolve(socket)
      socket.on('error', () => {})
      socket.destroy()
      reject(deliveryError(`${name}: cannot connect: ${codeOf(error)}`, {}, error))
    }
    const giveUp = (): void => done(new Error('interrupted'))
    const timer = setTimeout(
      () => done(new Error(`no connection within ${timeoutMs} ms`)),
      timeoutMs,
    )
    signal.addEventListener('abort', giveUp, {once: true})
    socket.once(ready, () => done())
    socket.once('error', done)
    if (signal.aborted) giveUp()
  })
}

/** Writes the frames and counts each that the kernel has taken. */
function writeAll(
  socket: Socket,
  frames: readonly Buffer[],
  timeoutMs: number,
  signal: AbortSignal,
  taken: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = frames.length
    const done = (error?: Error): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      socket.removeListener('close', closed)
      if (error === undefined) resolve()
      else reject(error)
    }
    const giveUp = (): void => done(new Error('interrupted'))
    const closed = (): void => done(new Error('the connection was closed'))
    const timer = setTimeout(() => done(new Error(`takes nothing for ${timeoutMs} ms`)), timeoutMs)
    signal.addEventListener('abort', giveUp, {once: true})
    socket.once('close', closed)
    if (signal.aborted) return giveUp()
    for (const frame of frames) {
      socket.write(frame, error => {
        if (error) return done(error)
        taken()
        left--
        if (left === 0) done()
      })
    }
  })
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
