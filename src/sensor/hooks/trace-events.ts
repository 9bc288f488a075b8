import {closeSync} from 'node:fs'
import {CodedError} from '../../diagnostics/error.ts'
import {refusal} from '../bpf-syscall.ts'
import {ioctl, perfEventOpen} from '../ffi.ts'
import {traceEventId} from './tracefs.ts'

// linux v6.8 include/uapi/linux/perf_event.h
const PERF_TYPE_TRACEPOINT = 2
const PERF_ATTR_SIZE_VER0 = 64
const PERF_EVENT_IOC_ENABLE = 0x2400
const PERF_EVENT_IOC_SET_BPF = 0x40042408
const ATTR = {type: 0, size: 4, config: 8, samplePeriod: 16} as const

/**
 * Attaches a program to a trace event (CATEGORY/NAME) through a perf event, and gives its descriptor: closing it
 * detaches, which takes the kernel 60 to 90 ms. The program runs for every task on every CPU, although the perf event names
 * one CPU: the kernel hangs it on the trace event itself.
 * @throws CodedError SENSOR_UNSUPPORTED when this kernel has no such trace event, others when it refuses.
 */
export function attachTraceEvent(programFd: number, program: string, event: string): number {
  const id = traceEventId(event)
  if (id === undefined) {
    throw new CodedError('SENSOR_UNSUPPORTED', `this kernel has no trace event ${event}`, {
      hint: 'mount tracefs at /sys/kernel/tracing, or use --hooks auto',
    })
  }
  const attr = Buffer.alloc(PERF_ATTR_SIZE_VER0)
  attr.writeUInt32LE(PERF_TYPE_TRACEPOINT, ATTR.type)
  attr.writeUInt32LE(PERF_ATTR_SIZE_VER0, ATTR.size)
  attr.writeBigUInt64LE(BigInt(id), ATTR.config)
  attr.writeBigUInt64LE(1n, ATTR.samplePeriod)
  const opened = perfEventOpen(attr, 0)
  if (opened.value < 0) throw refusal(`opening trace event ${event}`, opened.errno)
  for (const [request, argument] of [
    [PERF_EVENT_IOC_SET_BPF, programFd],
    [PERF_EVENT_IOC_ENABLE, 0],
  ] as const) {
    const call = ioctl(opened.value, request, argument)
    if (call.value >= 0) continue
    closeSync(opened.value)
    throw refusal(`attaching ${program} to ${event}`, call.errno)
  }
  return opened.value
}
