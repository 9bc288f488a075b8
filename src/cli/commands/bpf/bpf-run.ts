import type {Btf} from '../../../bpf/btf.ts'
import type {BpfObject} from '../../../bpf/elf/object-model.ts'
import {printable} from '../../../diagnostics/code-frame.ts'
import {CodedError} from '../../../diagnostics/error.ts'
import {readKernelBtf} from '../../../sensor/kernel-btf.ts'
import {type Attachment, attachProgram} from '../../../sensor/object/attach.ts'
import {loadObject} from '../../../sensor/object/load.ts'
import {TracePipe} from '../../../sensor/object/trace-pipe.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {renderLog} from '../../render.ts'
import {listenForSignals} from '../../signals.ts'
import {readObject} from './object-file.ts'
import {ownJudge} from './own-judge.ts'

/** How long lines may wait in the trace pipe. */
const POLL_MS = 20

/** What `bpf run` was asked for. */
export interface BpfRunArgs {
  readonly path: string
  readonly quiet: boolean
  /** Loads what our verifier refuses; the kernel decides then. */
  readonly force: boolean
  /** Ends the run after this time. */
  readonly durationMs: number | undefined
}

/**
 * Loads an object file, attaches its programs and prints what they print, until a signal or the end of `durationMs`. Programs of
 * iterators are run once; when there are no others, that is all. Everything is detached and unloaded in the end.
 * @returns 0
 * @throws CodedError OBJECT_INVALID, OBJECT_REFUSED or SENSOR_…
 */
export async function runBpfRun(args: BpfRunArgs, io: CliIo): Promise<number> {
  const object = readObject(args.path)
  const info = (message: string): void => {
    if (!args.quiet) io.stderr(`${renderLog('info', message, false)}\n`)
  }
  requireAccepted(object, args.force, info)
  let types: Btf | undefined
  const loaded = loadObject(object, () => (types ??= readKernelBtf()))
  const attachments: Attachment[] = []
  let pipe: TracePipe | undefined
  try {
    // Opened before the programs are attached: what they print from the first moment is theirs.
    pipe = TracePipe.open()
    for (const program of loaded.programs) attachments.push(attachProgram(program))
    info(`attached: ${attachments.map(({place}) => place).join(', ')}`)
    if (!TracePipe.isRecording())
      info('tracing is switched off: echo 1 > /sys/kernel/tracing/tracing_on')
    for (const {read} of attachments) {
      if (read === undefined) continue
      for (const chunk of read())
        io.stdout(chunk.toString('latin1').replace(/[^\n\t -~]/g, '\ufffd'))
    }
    if (attachments.some(({read}) => read === undefined)) {
      await follow(pipe, args.durationMs, io)
    }
    for (const attachment of attachments.splice(0)) attachment.close()
    print(pipe, io)
    info('detached')
    return EXIT.ok
  } finally {
    for (const attachment of attachments) attachment.close()
    pipe?.close()
    loaded.close()
  }
}

/** Nothing that our verifier refuses is put to the kernel, unless that is asked for. */
function requireAccepted(object: BpfObject, force: boolean, info: (message: string) => void): void {
  const judge = ownJudge({strict: false, log: false})
  for (const program of object.programs) {
    const {accepted, reason, slot, details} = judge(program, object)
    if (accepted) continue
    const where = slot === undefined ? '' : ` at instruction ${slot}`
    const message = `program ${program.name} (${program.section}) is refused${where}: ${reason}`
    if (!force)
      throw new CodedError('OBJECT_REFUSED', message, {
        hint: 'detector bpf verify says more; --force loads it all the same',
        log: details,
      })
    info(`${message}; loaded all the same (--force)`)
  }
}

function print(pipe: TracePipe, io: CliIo): void {
  for (const line of pipe.take()) io.stdout(`${printable(line)}\n`)
}

/** Prints lines as they come until a signal or the end of the time. */
async function follow(pipe: TracePipe, durationMs: number | undefined, io: CliIo): Promise<void> {
  const {promise: ended, resolve: end, reject: fail} = withResolvers()
  const ignore = (): void => {}
  const off = listenForSignals({stop: end, reload: ignore, reopen: ignore})
  const poll = setInterval(() => {
    try {
      print(pipe, io)
    } catch (error) {
      fail(error)
    }
  }, POLL_MS)
  const timer = durationMs === undefined ? undefined : setTimeout(end, durationMs)
  try {
    await ended
  } finally {
    off()
    clearInterval(poll)
    clearTimeout(timer)
  }
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers(): {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
} {
  let resolve!: () => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<void>((done, failed) => {
    resolve = done
    reject = failed
  })
  return {promise, resolve, reject}
}
