import {close, closeSync, mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Btf} from '../bpf/btf.ts'
import {linkedCode, type ProgramImage, programImage} from '../bpf/program-image.ts'
import {
  type AttachPoint,
  BPF_PROG_TYPE,
  HOOK_PROGRAM_TYPE,
  type HookKind,
  type ProgramSpec,
} from '../bpf/specs.ts'
import {CodedError} from '../diagnostics/error.ts'
import {progLoad, rawTracepointOpen, refusal} from './bpf-syscall.ts'
import {ERRNO} from './errno.ts'
import {attachTraceEvent} from './hooks/trace-events.ts'
import {attachBtfId} from './kernel-btf.ts'
import {BpfMap} from './map.ts'

/** Attach type of BTF-typed raw tracepoints (enum bpf_attach_type). */
const BPF_TRACE_RAW_TP = 23
const FIRST_LOG_BYTES = 1 << 20
const LAST_LOG_BYTES = 1 << 24
/** The kernel asks to try again when a signal interrupts verification. */
const LOAD_TRIES = 5

/** What of a program stays of interest once it is loaded. */
export type ProgramPlace = Pick<ProgramSpec, 'name' | 'attach'>

/** A program in the kernel. Owns its descriptor: close it once. */
export class BpfProgram {
  readonly spec: ProgramPlace
  readonly fd: number
  #closed = false

  private constructor(spec: ProgramPlace, fd: number) {
    this.spec = spec
    this.fd = fd
  }

  /**
   * Loads a program. Nothing is attached yet.
   * @throws CodedError SENSOR_REFUSED with the verifier's log when it is refused, other SENSOR_ codes when loading is.
   */
  static load(
    spec: ProgramSpec | ProgramImage,
    maps: ReadonlyMap<string, BpfMap>,
    btf: Btf,
  ): BpfProgram {
    const image = 'code' in spec ? spec : programImage(spec)
    const own = new Map<string, BpfMap>()
    try {
      for (const {name, bytes} of image.data ?? [])
        own.set(name, BpfMap.ofData(name, Buffer.from(bytes)))
      return BpfProgram.#loadWith(image, name => own.get(name) ?? maps.get(name), btf)
    } finally {
      // The program keeps its data.
      for (const map of own.values()) map.close()
    }
  }

  static #loadWith(
    spec: ProgramImage,
    mapOf: (name: string) => BpfMap | undefined,
    btf: Btf,
  ): BpfProgram {
    const hook = hookOf(spec.attach)
    const typed = hook === 'tp_btf'
    const request = {
      type: BPF_PROG_TYPE[HOOK_PROGRAM_TYPE[hook]],
      name: spec.name,
      instructions: linkedCode(spec, name => mapOf(name)?.fd),
      license: spec.license,
      expectedAttachType: typed ? BPF_TRACE_RAW_TP : 0,
      attachBtfId: typed ? attachBtfId(btf, spec.attach.tracepoint) : 0,
    }
    let call = progLoad({...request, logLevel: 0, log: Buffer.alloc(0)})
    for (let tries = 1; call.errno === ERRNO.EAGAIN && tries < LOAD_TRIES; tries++) {
      call = progLoad({...request, logLevel: 0, log: Buffer.alloc(0)})
    }
    if (call.value >= 0) return new BpfProgram(spec, call.value)
    throw loadError(spec, request, call.errno)
  }

  /**
   * Attaches to the program's tracepoint, or to one of its trace events. The link detaches when closed.
   * @throws CodedError when the kernel refuses, or has no such trace event.
   */
  attach(event?: string): BpfLink {
    const {name, attach} = this.spec
    if (event !== undefined)
      return new BpfLink(attachTraceEvent(this.fd, name, event), {slow: true})
    const call = rawTracepointOpen(
      this.fd,
      attach.kind === 'raw_tp' ? attach.tracepoint : undefined,
    )
    if (call.value < 0) throw refusal(`attaching ${name} to ${attach.tracepoint}`, call.errno)
    return new BpfLink(call.value, {slow: false})
  }

  /** The same program in the kernel at another place. Only one of the two may be closed. */
  withSpec(spec: ProgramPlace): BpfProgram {
    return new BpfProgram(spec, this.fd)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.fd)
  }
}

function hookOf(attach: AttachPoint): HookKind {
  return attach.kind === 'tail_call' ? attach.hook : attach.kind
}

/** An attachment. Owns its descriptor; closing it detaches: 0.1 ms for a tracepoint, 60 to 90 ms for a trace event. */
export class BpfLink {
  readonly fd: number
  /** Whether closing takes long enough to matter. */
  readonly slow: boolean
  #closed = false

  constructor(fd: number, {slow}: {readonly slow: boolean}) {
    this.fd = fd
    this.slow = slow
  }

  /** Detaches on a thread of the pool, for callers who cannot wait. */
  closeLater(): void {
    if (this.#closed) return
    this.#closed = true
    // The descriptor is ours and open: closing it cannot fail in a way that anybody could mend.
    close(this.fd, () => {})
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.fd)
  }
}

type LoadRequest = Omit<Parameters<typeof progLoad>[0], 'logLevel' | 'log'>

/** Loads once more with a log, growing it until it fits: too small a log hides the real error behind ENOSPC. */
function loadError(spec: ProgramPlace, request: LoadRequest, firstErrno: number): CodedError {
  const what = loadingText(spec.name)
  if (firstErrno === ERRNO.ENOMEM) return refusal(what, firstErrno)
  let log = ''
  for (let size = FIRST_LOG_BYTES; size <= LAST_LOG_BYTES; size *= 2) {
    const buffer = Buffer.alloc(size)
    const call = progLoad({...request, logLevel: 1, log: buffer})
    if (call.value >= 0) closeSync(call.value)
    log = buffer.toString('utf8', 0, Math.max(0, buffer.indexOf(0)))
    if (call.errno !== ERRNO.ENOSPC) break
  }
  if (log === '') return refusal(what, firstErrno)
  const file = join(mkdtempSync(join(tmpdir(), 'detector-verifier-')), `${spec.name}.log`)
  writeFileSync(file, log, {mode: 0o600})
  return new CodedError('SENSOR_REFUSED', `${what}: ${verifierSummary(log)}`, {
    hint: `the kernel's whole log is in ${file}; please report it`,
    log,
  })
}

/** How messages about a program that could not be loaded begin. */
export function loadingText(name: string): string {
  return `loading program ${name}`
}

/** The last line of a verifier log that says something about the program. */
export function verifierSummary(log: string): string {
  const lines = log.split('\n').filter(line => line.trim() !== '')
  const end = lines.findIndex(line => /^processed \d+ insns/.test(line))
  const said = lines.slice(0, end < 0 ? undefined : end)
  return said.at(-1)?.trim() ?? 'the kernel gave no reason'
}
