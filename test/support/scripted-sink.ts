import assert from 'node:assert/strict'
import {deliveryError, type Sink} from '../../src/outputs/sink.ts'
import type {Alert} from '../../src/schema/alert.ts'

/** A sink that does what its script says, one step a delivery; past the script's end it takes everything. */
export interface ScriptedSink extends Sink {
  readonly taken: string[]
  calls: number
  reopened: number
  closed: number
}

/** One delivery. */
export type Step = (alerts: readonly Alert[], signal: AbortSignal) => void | Promise<void>

/** Makes such a sink; overlapping deliveries fail. */
export function scriptedSink(name: string, script: readonly Step[] = []): ScriptedSink {
  let running = 0
  const sink: ScriptedSink = {
    name,
    taken: [],
    calls: 0,
    reopened: 0,
    closed: 0,
    async deliver(alerts, signal) {
      assert.equal(++running, 1, 'deliveries of one sink overlap')
      try {
        await script[sink.calls++]?.(alerts, signal)
        sink.taken.push(...alerts.map(alert => alert.id))
      } finally {
        running--
      }
    },
    reopen: async () => void sink.reopened++,
    close: async () => void sink.closed++,
  }
  return sink
}

/** A failure that may pass. */
export const fails: Step = () => {
  throw deliveryError('down')
}
/** A delivery that ends only when it is aborted. */
export const hangs: Step = (_, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(deliveryError('aborted')))
  })
