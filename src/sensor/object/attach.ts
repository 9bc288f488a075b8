import {closeSync, readSync} from 'node:fs'
import {CodedError} from '../../diagnostics/error.ts'
import {rawTracepointOpen, refusal} from '../bpf-syscall.ts'
import {ERRNO} from '../errno.ts'
import {type CallResult, ioctl, perfEventOpen} from '../ffi.ts'
import {attachTraceEvent} from '../hooks/trace-events.ts'
import {possibleCpus} from '../possible-cpus.ts'
import {linkIterator, openIterator} from './calls.ts'
import type {LoadedProgram} from './load.ts'

/** A program at work. Owns its descriptors: closing detaches. */
export interface Attachment {
  /** Where: `tracepoint/syscalls/sys_enter_execve`. */
  readonly place: string
  /** For an iterator: runs it once and gives what it writes, piece by piece. */
  readonly read?: () => Generator<Buffer>
  readonly close: () => void
}

/**
 * Attaches a program where the name of its section says.
 * @throws CodedError SENSOR_UNSUPPORTED for kinds that this command does not attach, others when the kernel refuses.
 */
export function attachProgram({program, fd}: LoadedProgram): Attachment {
  const {kind, name, section} = program
  const target = kind?.target ?? ''
  const raw = (tracepoint: string | undefined): Attachment =>
    owning(section, [opened(`attaching ${name} to ${section}`, rawTracepointOpen(fd, tracepoint))])
  switch (kind?.kind) {
    case 'tracepoint':
      if (!/^\w+\/\w+$/.test(target)) throw unsupported(section, 'name it tracepoint/CATEGORY/NAME')
      return owning(section, [attachTraceEvent(fd, name, target)])
    case 'raw_tp':
      return raw(target)
    case 'tp_btf':
      return raw(undefined)
    case 'perf_event':
      return owning(section, attachClock(fd, name))
    case 'iter': {
      const link = opened(`attaching ${name} to ${section}`, linkIterator(fd))
      return {...owning(section, [link]), read: () => readIterator(link, name)}
    }
    default:
      throw unsupported(
        section,
        'tracepoint, raw_tp, tp_btf, perf_event and iter sections can be attached',
      )
  }
}

function unsupported(section: string, hint: string): CodedError {
  return new CodedError('SENSOR_UNSUPPORTED', `section ${section} cannot be attached`, {hint})
}

function owning(place: string, fds: readonly number[]): Attachment {
  const open = [...fds]
  return {
    place,
    close: () => {
      for (const fd of open.splice(0)) closeSync(fd)
    },
  }
}

function opened(what: string, call: CallResult): number {
  if (call.value < 0) throw refusal(what, call.errno)
  return call.value
}

// linux v6.8 include/uapi/linux/perf_event.h
const PERF_TYPE_SOFTWARE = 1
const PERF_ATTR_SIZE_VER0 = 64
const PERF_ATTR_FLAG_FREQ = 1n << 10n
const PERF_EVENT_IOC_SET_BPF = 0x40042408
/** Not a divisor of common timer rates, so that samples do not fall in step with them. */
const SAMPLES_A_SECOND = 99n

/** Runs a program 99 times a second on each CPU. */
function attachClock(programFd: number, name: string): number[] {
  const attr = Buffer.alloc(PERF_ATTR_SIZE_VER0)
  attr.writeUInt32LE(PERF_TYPE_SOFTWARE, 0)
  attr.writeUInt32LE(PERF_ATTR_SIZE_VER0, 4)
  attr.writeBigUInt64LE(SAMPLES_A_SECOND, 16)
  attr.writeBigUInt64LE(PERF_ATTR_FLAG_FREQ, 40)
  const fds: number[] = []
  try {
    for (let cpu = 0; cpu < possibleCpus(); cpu++) {
      const clock = perfEventOpen(attr, cpu)
      const ENODEV = 19
      // A CPU that is not there now has nothing to sample.
      if (clock.errno === ENODEV) continue
      const fd = opened(`opening the clock of CPU ${cpu}`, clock)
      fds.push(fd)
      const set = ioctl(fd, PERF_EVENT_IOC_SET_BPF, programFd)
      if (set.value < 0) throw refusal(`attaching ${name} to the clock of CPU ${cpu}`, set.errno)
    }
    return fds
  } catch (error) {
    for (const fd of fds) closeSync(fd)
    throw error
  }
}

const READ_BYTES = 65_536
/** Reads without output that are borne: the kernel asks to read again after a million objects that wrote nothing. */
const MAX_EMPTY_READS = 64

function* readIterator(link: number, name: string): Generator<Buffer> {
  const file = opened(`opening ${name}`, openIterator(link))
  try {
    for (let empty = 0; empty < MAX_EMPTY_READS; ) {
      const buffer = Buffer.alloc(READ_BYTES)
      const count = tryRead(file, buffer, name)
      if (count === 0) return
      if (count === undefined) empty++
      else yield buffer.subarray(0, count)
    }
    throw new CodedError('SENSOR_SYSCALL', `reading ${name}: it does not end`)
  } finally {
    closeSync(file)
  }
}

function tryRead(file: number, buffer: Buffer, name: string): number | undefined {
  try {
    return readSync(file, buffer, 0, buffer.length, null)
  } catch (cause) {
    const errno = cause instanceof Error && 'errno' in cause ? -Number(cause.errno) : 0
    if (errno === ERRNO.EAGAIN) return undefined
    throw new CodedError('SENSOR_SYSCALL', `reading ${name} failed`, {cause})
  }
}
