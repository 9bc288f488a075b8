import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {createServer as createTlsServer, type ServerOptions} from 'node:https'
import type {AddressInfo} from 'node:net'

/** One request as a receiver heard it. */
export interface Heard {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Common name of the client's certificate. */
  readonly client: string | undefined
}

/** What a stand-in answers to a request. */
export type Answer = (response: ServerResponse, heard: Heard) => void

/** An HTTP server on the loopback that stands in for a receiver. */
export interface Receiver {
  readonly heard: Heard[]
  readonly url: string
  /** The bodies as JSON. */
  json(): unknown[]
  close(): void
}

/** An answer with a status, and perhaps a body and headers. */
export const answer =
  (status: number, body: unknown = '', headers: Record<string, string> = {}): Answer =>
  response =>
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))

/** Starts a receiver that gives the answers in turn, and the last one ever after. */
export async function startReceiver(
  answers: readonly Answer[] = [answer(200)],
  tls?: ServerOptions,
): Promise<Receiver> {
  const heard: Heard[] = []
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const {method, url, headers} = request
      const socket = request.socket as {getPeerCertificate?: () => {subject?: {CN?: string}}}
      const client = socket.getPeerCertificate?.().subject?.CN
      const one = {method, url, headers, body: Buffer.concat(chunks).toString(), client}
      heard.push(one)
      const give = answers[Math.min(heard.length, answers.length) - 1] ?? answer(200)
      give(response, one)
    })
  }
  const server: Server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  return {
    heard,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    json: () => heard.map(({body}) => JSON.parse(body) as unknown),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
