import {closeSync, readSync} from 'node:fs'
import {BTF_KIND, type Btf} from '../bpf/btf.ts'
import {encode} from '../bpf/instruction.ts'
import type {IteratorSpec} from '../bpf/iterator-spec.ts'
import {BPF_PROG_TYPE} from '../bpf/specs.ts'
import {CodedError} from '../diagnostics/error.ts'
import {progLoad, refusal} from './bpf-syscall.ts'
import {bpf} from './ffi.ts'
import {BpfMap} from './map.ts'

/** Commands and attach type of iterators (linux v6.8 include/uapi/linux/bpf.h). */
const BPF_LINK_CREATE = 28
const BPF_ITER_CREATE = 33
const BPF_TRACE_ITER = 28
/** The kernel fills a buffer of 32 KiB for each read (linux v6.8 kernel/bpf/bpf_iter.c). */
const READ_BYTES = 65_536
/** Reads without a record that are borne: the kernel asks to read again after a million objects that wrote nothing. */
const MAX_EMPTY_READS = 64
const LOG_BYTES = 1 << 20

/**
 * Loads an iterator, runs it once over all its objects and hands over each record, in a buffer that the next one overwrites.
 * A record begins with its size (u32). Whatever happens, everything is unloaded when this returns.
 *
 * @returns the number of records
 * @throws CodedError (SENSOR_…) when the kernel lacks the iterator, refuses the program, or breaks off
 */
export function runIterator(
  spec: IteratorSpec,
  btf: Btf,
  onRecord: (record: Buffer) => void,
): number {
  const maps = new Map<string, BpfMap>()
  const opened: number[] = []
  const keep = (what: string, call: {readonly value: number; readonly errno: number}): number => {
    if (call.value < 0) throw refusal(what, call.errno)
    opened.push(call.value)
    return call.value
  }
  try {
    for (const map of spec.maps) maps.set(map.name, BpfMap.create(map))
    const program = loadIterator(spec, maps, btf)
    opened.push(program)
    const attr = Buffer.alloc(64)
    attr.writeUInt32LE(program, 0)
    attr.writeUInt32LE(BPF_TRACE_ITER, 8)
    const link = keep(`attaching ${spec.name}`, bpf(BPF_LINK_CREATE, attr))
    const create = Buffer.alloc(8)
    create.writeUInt32LE(link, 0)
    const file = keep(`opening ${spec.name}`, bpf(BPF_ITER_CREATE, create))
    return readRecords(file, onRecord)
  } finally {
    for (const fd of opened.reverse()) closeSync(fd)
    for (const map of maps.values()) map.close()
  }
}

function loadIterator(spec: IteratorSpec, maps: ReadonlyMap<string, BpfMap>, btf: Btf): number {
  const attachBtfId = btf.find(`bpf_iter_${spec.target}`, BTF_KIND.FUNC)
  if (attachBtfId === undefined) {
    throw new CodedError('SENSOR_UNSUPPORTED', `this kernel has no iterator ${spec.target}`, {
      hint: 'needs Linux 5.8 or newer; what runs is read from /proc instead',
    })
  }
  const request = {
    type: BPF_PROG_TYPE.tracing,
    name: spec.name,
    instructions: encode(spec.instructions, name => maps.get(name)?.fd),
    license: spec.license,
    expectedAttachType: BPF_TRACE_ITER,
    attachBtfId,
  }
  const call = progLoad({...request, logLevel: 0, log: Buffer.alloc(0)})
  if (call.value >= 0) return call.value
  const log = Buffer.alloc(LOG_BYTES)
  const again = progLoad({...request, logLevel: 1, log})
  if (again.value >= 0) return again.value
  const text = log.toString('latin1', 0, Math.max(0, log.indexOf(0)))
  throw refusal(`loading iterator ${spec.name}`, call.errno, {log: text})
}

/** Reads the file to its end. A record may lie across two reads. */
function readRecords(file: number, onRecord: (record: Buffer) => void): number {
  const buffer = Buffer.alloc(2 * READ_BYTES)
  let kept = 0
  let records = 0
  for (let empty = 0; ; ) {
    const count = tryRead(file, buffer, kept)
    if (count === 0) break
    if (count === undefined) {
      if (++empty > MAX_EMPTY_READS)
        throw new CodedError('SENSOR_SYSCALL', 'reading an iterator: EAGAIN')
      continue
    }
    const end = kept + count
    let at = 0
    while (end - at >= 4) {
      const size = buffer.readUInt32LE(at)
      if (size < 8 || size > READ_BYTES)
        throw new CodedError('SENSOR_SYSCALL', `an iterator wrote a record of ${size} bytes`)
      if (end - at < size) break
      onRecord(buffer.subarray(at, at + size))
      records++
      at += size
    }
    buffer.copyWithin(0, at, end)
    kept = end - at
  }
  if (kept > 0) throw new CodedError('SENSOR_SYSCALL', 'the last record of an iterator is cut')
  return records
}

/** Bytes read behind `at`; 0 at the end, undefined when the kernel asks to read again. */
function tryRead(file: number, buffer: Buffer, at: number): number | undefined {
  try {
    return readSync(file, buffer, at, READ_BYTES, null)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code === 'EAGAIN' || code === 'EINTR') return undefined
    throw new CodedError('SENSOR_SYSCALL', `reading an iterator: ${code}`, {cause})
  }
}
