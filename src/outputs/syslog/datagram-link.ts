import {createSocket, type Socket} from 'node:dgram'
import {lookup} from 'node:dns/promises'
import {deliveryError} from '../sink.ts'
import type {SyslogLink} from './link.ts'

/** Largest payload of UDP over IPv4. */
const MAX_DATAGRAM = 65_507

/** Where datagrams go. */
export interface DatagramLinkOptions {
  /** Stands before every message of an error. */
  readonly name: string
  readonly address: string
  readonly port: number
}

/** Syslog messages over UDP, one datagram each. That a receiver is not there is told by the one after, at best. */
export function datagramLink({name, address, port}: DatagramLinkOptions): SyslogLink {
  let open: Socket | undefined

  const shut = (): void => {
    const socket = open
    open = undefined
    socket?.close()
  }

  const connection = async (): Promise<Socket> => {
    if (open !== undefined) return open
    const found = await lookup(address)
    const socket = createSocket(found.family === 6 ? 'udp6' : 'udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(port, found.address, () => {
        socket.removeListener('error', reject)
        resolve()
      })
    })
    socket.on('error', () => {
      if (open === socket) shut()
    })
    // Not what keeps the process alive.
    socket.unref()
    open = socket
    return socket
  }

  return {
    async send(messages, signal) {
      let delivered = 0
      try {
        const socket = await connection()
        for (const message of messages) {
          if (signal.aborted) throw new Error('interrupted')
          await sendOne(socket, message.subarray(0, MAX_DATAGRAM))
          delivered++
        }
      } catch (error) {
        shut()
        const reason = error instanceof Error ? codeOf(error) : 'failed'
        throw deliveryError(`${name}: ${reason}`, {delivered}, error)
      }
    },
    close: async () => shut(),
  }
}

function sendOne(socket: Socket, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, error => (error === null ? resolve() : reject(error)))
  })
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
