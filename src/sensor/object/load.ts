import {closeSync} from 'node:fs'
import {BTF_KIND, type Btf} from '../../bpf/btf.ts'
import {relocateProgram} from '../../bpf/elf/core.ts'
import type {BpfObject, ObjectProgram} from '../../bpf/elf/object-model.ts'
import {encode, LD_IMM64} from '../../bpf/instruction.ts'
import {CodedError} from '../../diagnostics/error.ts'
import {refusal} from '../bpf-syscall.ts'
import {ERRNO, errnoText} from '../errno.ts'
import {verifierSummary} from '../program.ts'
import {loadProgram, type ProgramImage, RECORD_BYTES} from './calls.ts'
import {type LoadedMaps, loadMaps} from './object-maps.ts'

const FIRST_LOG_BYTES = 1 << 20
const LAST_LOG_BYTES = 1 << 24
/** The kernel asks to try again when a signal interrupts verification. */
const LOAD_TRIES = 5

/** What the kernel says of a program. */
export type Verdict =
  | {readonly accepted: true; readonly fd: number}
  | {
      readonly accepted: false
      readonly errno: number
      /** What the kernel wrote; empty when it did not look at the instructions. */
      readonly log: string
      /** Slot of the instruction that the log ends at, when it names one. */
      readonly slot: number | undefined
      readonly reason: string
    }

/** A program of an object in the kernel. */
export interface LoadedProgram {
  readonly program: ObjectProgram
  readonly fd: number
}

/** An object in the kernel. Owns every descriptor: {@link LoadedObject.close} unloads all of it. */
export interface LoadedObject {
  readonly maps: LoadedMaps
  readonly programs: readonly LoadedProgram[]
  readonly close: () => void
}

/**
 * Loads the maps and all programs of an object. Nothing is attached yet.
 * @param types the kernel's types, asked for only when a program needs them
 * @throws CodedError OBJECT_REFUSED with the kernel's log, OBJECT_INVALID, SENSOR_…; nothing is left behind then.
 */
export function loadObject(object: BpfObject, types: () => Btf): LoadedObject {
  const maps = loadMaps(object)
  const programs: LoadedProgram[] = []
  const close = (): void => {
    for (const {fd} of programs.splice(0)) closeSync(fd)
    maps.close()
  }
  try {
    for (const program of object.programs) {
      const verdict = tryLoad(program, object, maps, types)
      if (!verdict.accepted) throw refused(program, verdict)
      programs.push({program, fd: verdict.fd})
    }
    maps.fillPrograms(name => programs.find(({program}) => program.name === name)?.fd)
    return {maps, programs, close}
  } catch (error) {
    close()
    throw error
  }
}

/**
 * Asks the kernel for its verdict on one program. The caller closes the descriptor of an accepted one.
 * @throws CodedError OBJECT_INVALID or SENSOR_… when the program cannot even be put to it.
 */
export function tryLoad(
  program: ObjectProgram,
  object: BpfObject,
  maps: LoadedMaps,
  types: () => Btf,
): Verdict {
  const image = imageOf(program, object, maps, types)
  let call = loadProgram(image, Buffer.alloc(0))
  for (let tries = 1; call.errno === ERRNO.EAGAIN && tries < LOAD_TRIES; tries++) {
    call = loadProgram(image, Buffer.alloc(0))
  }
  if (call.value >= 0) return {accepted: true, fd: call.value}
  let log = ''
  // Too small a log hides the real error behind ENOSPC.
  for (let size = FIRST_LOG_BYTES; size <= LAST_LOG_BYTES; size *= 2) {
    const buffer = Buffer.alloc(size)
    const again = loadProgram(image, buffer)
    if (again.value >= 0) return {accepted: true, fd: again.value}
    log = buffer.toString('latin1', 0, Math.max(0, buffer.indexOf(0)))
    if (again.errno !== ERRNO.ENOSPC) break
  }
  const reason = log === '' ? errnoText(call.errno) : verifierSummary(log)
  return {accepted: false, errno: call.errno, log, slot: lastSlot(log), reason}
}

/** The error for a program that the kernel did not accept. */
export function refused(
  program: ObjectProgram,
  {errno, log, slot, reason}: Exclude<Verdict, {accepted: true}>,
): CodedError {
  const what = `program ${program.name} (${program.section})`
  if (log === '') return refusal(`loading ${what}`, errno)
  const where = slot === undefined ? '' : ` at instruction ${slot}`
  return new CodedError('OBJECT_REFUSED', `the kernel refused ${what}${where}: ${reason}`, {log})
}

/** The number of the last instruction that a verifier log shows. */
export function lastSlot(log: string): number | undefined {
  const shown = [...log.matchAll(/^(\d+): \(/gm)].at(-1)
  return shown === undefined ? undefined : Number(shown[1])
}

function imageOf(
  program: ObjectProgram,
  object: BpfObject,
  maps: LoadedMaps,
  types: () => Btf,
): ProgramImage {
  const {kind, name, section} = program
  if (kind === undefined) {
    throw new CodedError('OBJECT_INVALID', `section ${section} says no kind of program`, {
      hint: 'name it as in SEC("tracepoint/syscalls/sys_enter_execve")',
    })
  }
  const instructions =
    program.relocations.length === 0 || object.btf === undefined
      ? program.instructions
      : relocateProgram(program, object.btf.types, types())
  return {
    type: kind.type,
    attachType: kind.attachType,
    attachBtfId: kind.attachBtf === undefined ? 0 : attachTarget(kind.attachBtf, types()),
    name,
    license: object.license,
    instructions: encode(instructions, map => maps.fds.get(map)),
    debug: maps.btfFd === undefined ? undefined : debugOf(program, maps.btfFd),
  }
}

function attachTarget(
  {name, kind}: {readonly name: string; readonly kind: 'typedef' | 'func'},
  types: Btf,
): number {
  const id = types.find(name, kind === 'typedef' ? BTF_KIND.TYPEDEF : BTF_KIND.FUNC)
  if (id !== undefined) return id
  throw new CodedError('SENSOR_UNSUPPORTED', `this kernel has no ${name} to attach to`, {
    hint: 'see `detector list tracepoints`',
  })
}

/** Functions and lines of a program; undefined when the object does not describe each function. */
function debugOf(program: ObjectProgram, btfFd: number): ProgramImage['debug'] {
  if (program.functions.some(({type}) => type === 0)) return undefined
  const functions = Buffer.alloc(program.functions.length * RECORD_BYTES.function)
  for (const [index, {slot, type}] of program.functions.entries()) {
    functions.writeUInt32LE(slot, index * RECORD_BYTES.function)
    functions.writeUInt32LE(type, index * RECORD_BYTES.function + 4)
  }
  return {btfFd, functions, lines: linesOf(program)}
}

/** The kernel wants lines in order, one for the start of each function, and none inside a two-slot instruction. */
function linesOf(program: ObjectProgram): Buffer {
  const starts = new Set<number>()
  let slot = 0
  for (const {opcode} of program.instructions) {
    starts.add(slot)
    slot += opcode === LD_IMM64 ? 2 : 1
  }
  let last = -1
  const lines = program.lines.filter(line => {
    const fits = line.slot > last && starts.has(line.slot)
    if (fits) last = line.slot
    return fits
  })
  const covered = new Set(lines.map(line => line.slot))
  if (!program.functions.every(each => covered.has(each.slot))) return Buffer.alloc(0)
  const bytes = Buffer.alloc(lines.length * RECORD_BYTES.line)
  for (const [index, line] of lines.entries()) {
    const words = [line.slot, line.file, line.text, line.place]
    for (const [word, value] of words.entries())
      bytes.writeUInt32LE(value, index * RECORD_BYTES.line + word * 4)
  }
  return bytes
}
