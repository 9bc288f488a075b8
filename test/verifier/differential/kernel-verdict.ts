import {closeSync} from 'node:fs'
import type {Btf} from '../../../src/bpf/btf.ts'
import {mapFreeze, mapUpdate} from '../../../src/sensor/bpf-syscall.ts'
import {ERRNO} from '../../../src/sensor/errno.ts'
import {attachBtfId} from '../../../src/sensor/kernel-btf.ts'
import {indexKey} from '../../../src/sensor/map.ts'
import {createMap, loadBtf, loadProgram, RECORD_BYTES} from '../../../src/sensor/object/calls.ts'
import type {VerifierMap} from '../../../src/verifier/input.ts'
import {functionTypes, typesOfFunctions} from './function-types.ts'
import type {RandomProgram} from './random-program.ts'

const MAP_TYPES: Readonly<Record<string, number>> = {
  hash: 1,
  array: 2,
  prog_array: 3,
  percpu_array: 6,
  ringbuf: 27,
}
const PROGRAM_TYPES = {raw_tracepoint: 17, tracepoint: 5, tp_btf: 26} as const
const BPF_TRACE_RAW_TP = 23
const LOG_BYTES = 1 << 20
const MAX_FUNCTIONS = 8

/** Asks the kernel; its maps and types live until {@link KernelJudge.close}. */
export interface KernelJudge {
  /** Undefined when the kernel did not come to a verdict (no memory, a signal). */
  readonly accepts: (program: RandomProgram) => boolean | undefined
  /** What the kernel writes about a program. */
  readonly log: (program: RandomProgram) => string
  readonly close: () => void
}

/** Creates the maps and types that programs need to be put to the kernel. */
export function kernelJudge(maps: readonly VerifierMap[], btf: Btf): KernelJudge {
  const opened: number[] = []
  const keep = (what: string, {value, errno}: {value: number; errno: number}): number => {
    if (value < 0) throw new Error(`${what}: errno ${errno}`)
    opened.push(value)
    return value
  }
  const create = (map: VerifierMap) =>
    createMap({
      type: MAP_TYPES[map.type]!,
      keySize: map.keySize,
      valueSize: map.valueSize,
      maxEntries: map.maxEntries,
      flags: map.flags ?? 0,
      name: 'differential',
      innerFd: 0,
      btfFd: 0,
      keyType: 0,
      valueType: 0,
    })
  const fds = maps.map(map => {
    const fd = keep(`map of type ${map.type}`, create(map))
    if (map.contents !== undefined) mapUpdate(fd, indexKey(0), map.contents)
    if (map.frozen === true) mapFreeze(fd)
    return fd
  })
  const btfFd = keep('types', loadBtf(typesOfFunctions(MAX_FUNCTIONS)))
  const programs = maps.findIndex(({type}) => type === 'prog_array')
  // The first program that uses a program array decides the kind of those that may use it: one for each kind.
  const programArrays = new Map<string, number>()
  const programArray = ({type, attach}: RandomProgram): number => {
    const kind = attach ?? type
    const fd = programArrays.get(kind) ?? keep('program array', create(maps[programs]!))
    programArrays.set(kind, fd)
    return fd
  }
  const load = (program: RandomProgram, log: Buffer) => {
    const own = programArray(program)
    return loadProgram(
      {
        type: PROGRAM_TYPES[program.type],
        attachType: program.attach === undefined ? 0 : BPF_TRACE_RAW_TP,
        attachBtfId: program.attach === undefined ? 0 : attachBtfId(btf, program.attach),
        name: 'differential',
        license: 'GPL',
        instructions: withMaps(
          program.code,
          fds.map((fd, index) => (index === programs ? own : fd)),
        ),
        debug: hasCallback(program.code)
          ? {btfFd, functions: functionRecords(program.starts), lines: Buffer.alloc(0)}
          : undefined,
      },
      log,
      2,
    )
  }
  return {
    accepts: program => {
      const {value, errno} = load(program, Buffer.alloc(0))
      if (value >= 0) closeSync(value)
      if (errno === ERRNO.EAGAIN || errno === ERRNO.ENOMEM) return undefined
      return value >= 0
    },
    log: program => {
      const log = Buffer.alloc(LOG_BYTES)
      const {value, errno} = load(program, log)
      if (value >= 0) closeSync(value)
      return `${log.toString('latin1', 0, Math.max(0, log.indexOf(0)))}errno ${errno}\n`
    },
    close: () => {
      for (const fd of opened.splice(0)) closeSync(fd)
    },
  }
}

function withMaps(code: Buffer, fds: readonly number[]): Buffer {
  const copy = Buffer.from(code)
  for (let at = 0; at < copy.length; at += 8) {
    if (copy[at] !== 0x18) continue
    const source = copy[at + 1]! >> 4
    const fd = fds[copy.readInt32LE(at + 4)] ?? 9999
    if (source === 1 || source === 2) copy.writeInt32LE(fd, at + 4)
    at += 8
  }
  return copy
}

function hasCallback(code: Buffer): boolean {
  for (let at = 0; at < code.length; at += 8)
    if (code[at] === 0x18 && code[at + 1]! >> 4 === 4) return true
  return false
}

function functionRecords(starts: readonly number[]): Buffer {
  const records = Buffer.alloc(starts.length * RECORD_BYTES.function)
  for (const [index, start] of starts.entries()) {
    records.writeUInt32LE(start, index * RECORD_BYTES.function)
    records.writeUInt32LE(functionTypes(index), index * RECORD_BYTES.function + 4)
  }
  return records
}
