/** The detection worker: the one thread that blocks. It never returns to its event loop until it is told to stop. */
import {parentPort, receiveMessageOnPort, workerData} from 'node:worker_threads'
import {CodedError} from '../../diagnostics/error.ts'
import {monotonicMs} from '../../diagnostics/monotonic.ts'
import {AlertChannel} from './alert-channel.ts'
import {DetectionLoop} from './detection-loop.ts'
import type {FromWorker, ToWorker, WorkerError, WorkerSetup} from './protocol.ts'

/** Longest wait at the end for the other thread to take what is left. */
const FLUSH_MS = 5000

if (parentPort === null) throw new Error('the detection worker is no program of its own')
const port = parentPort
const setup = workerData as WorkerSetup
const send = (message: FromWorker): void => port.postMessage(message)
const channel = new AlertChannel(setup.credit, alerts => send({type: 'alerts', alerts}))

try {
  detect()
} catch (error) {
  send({type: 'failed', error: plainError(error)})
}

function detect(): void {
  const loop = new DetectionLoop(setup, channel, send)
  try {
    send({
      type: 'armed',
      rules: loop.ruleCount,
      kinds: loop.kinds,
      wakeFd: loop.wakeFd,
      hooks: loop.hooks,
      hookReason: loop.hookReason,
      startScan: loop.startScan,
    })
    while (obey(loop)) loop.turn()
    const summary = loop.stop()
    flushRest()
    send({
      type: 'stopped',
      summary: {
        ...summary,
        drops: {...summary.drops, alert_backlog_full: channel.refused + channel.backlog},
      },
    })
  } finally {
    loop.close()
  }
}

/** Does what the other thread asked for; false when it asked to stop. */
function obey(loop: DetectionLoop): boolean {
  for (;;) {
    const received = receiveMessageOnPort(port)
    if (received === undefined) return true
    const message = received.message as ToWorker
    if (message.type === 'stop') return false
    if (message.type === 'container') {
      loop.deliver(message.id, message.info)
      continue
    }
    if (message.type === 'status') {
      // Ahead of the answer, so that the other side has what the answer counts as sent.
      channel.flush()
      send({type: 'status', status: loop.status()})
      continue
    }
    if (message.type === 'addresses') {
      loop.nameAddresses(message.entries)
      continue
    }
    if (message.type === 'refinement') {
      loop.refine(message)
      continue
    }
    const crossMs = monotonicMs() - message.sentAtMs
    try {
      const times = loop.setRules(message.rules, message.generation, message.probes)
      send({
        type: 'rulesActive',
        generation: message.generation,
        rules: loop.ruleCount,
        times: {crossMs, ...times},
      })
    } catch (error) {
      send({type: 'rulesRefused', generation: message.generation, error: plainError(error)})
    }
  }
}

function flushRest(): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (
    const until = performance.now() + FLUSH_MS;
    channel.backlog > 0 && performance.now() < until;
  ) {
    channel.flush()
    if (channel.backlog > 0) Atomics.wait(pause, 0, 0, 1)
  }
}

function plainError(error: unknown): WorkerError {
  if (error instanceof CodedError) {
    const {code, message, hint, log} = error
    const kernelLog = code === 'SENSOR_REFUSED' ? log : undefined
    return {code, message, hint, stack: undefined, ...(kernelLog !== undefined && {kernelLog})}
  }
  const {message, stack} = error instanceof Error ? error : new Error(String(error))
  return {code: 'INTERNAL', message, hint: undefined, stack}
}
