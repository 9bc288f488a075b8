import {constants, fstatSync, openSync} from 'node:fs'
import {Socket} from 'node:net'
import type {Writable} from 'node:stream'
import type {Alert} from '../../schema/alert.ts'
import {deliveryError, type Sink} from '../sink.ts'

/** Writes one line for each alert to a stream; a delivery counts when the stream has handed the bytes on. */
export function stdoutSink(stream: Writable, format: (alert: Alert) => string): Sink {
  // Without a listener a reader that went away would end the process.
  stream.on('error', () => {})
  return {
    name: 'stdout',
    deliver: (alerts, signal) =>
      new Promise((resolve, reject) => {
        const giveUp = (): void => reject(deliveryError('stdout takes nothing'))
        signal.addEventListener('abort', giveUp, {once: true})
        const lines = alerts.map(alert => `${format(alert)}\n`).join('')
        stream.write(lines, error => {
          signal.removeEventListener('abort', giveUp)
          if (error === null || error === undefined) resolve()
          // The reader of a closed pipe does not come back.
          else reject(deliveryError(`stdout is closed: ${error.message}`, {permanent: true}, error))
        })
      }),
    close: async () => {},
  }
}

/**
 * Standard output as a stream of its own: a reader that goes away is then a failure of the sink alone, whereas the
 * program's other uses of `process.stdout` end the process with it. Terminals and files have no such reader.
 */
export function openStdout(): Writable {
  const kind = fstatSync(1)
  if (kind.isFIFO()) {
    // A description of our own: setting the inherited one to non-blocking would change it for those who share it.
    const fd = openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK)
    return new Socket({fd, readable: false, writable: true})
  }
  if (kind.isSocket()) return new Socket({fd: 1, readable: false, writable: true})
  return process.stdout
}
