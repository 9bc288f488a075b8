import {execFileSync} from 'node:child_process'
import {closeSync, constants, existsSync, openSync, readFileSync, readSync} from 'node:fs'
import {join} from 'node:path'
import {CodedError} from '../../diagnostics/error.ts'

/** Where tracefs is mounted: by itself since linux v4.1, before that (and still) inside debugfs. */
const ROOTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const
const READ_BYTES = 65_536
/** What lay in the pipe before it was opened is skipped up to this many bytes; other tracers may write without end. */
const MAX_SKIPPED_BYTES = 64 << 20
/** A line longer than this is handed on in pieces. The kernel cuts bpf_trace_printk at 1,024 bytes. */
const MAX_LINE_BYTES = 65_536

/**
 * The kernel's trace pipe, where bpf_trace_printk writes. Every line is read once, by one reader. Owns its descriptor, and the
 * mount of tracefs when it had to make one.
 */
export class TracePipe {
  readonly #fd: number
  readonly #mounted: string | undefined
  readonly #buffer = Buffer.alloc(READ_BYTES)
  #rest = ''
  #closed = false

  private constructor(fd: number, mounted: string | undefined) {
    this.#fd = fd
    this.#mounted = mounted
  }

  /**
   * Opens the pipe and skips what is in it. Mounts tracefs where it is absent.
   * @throws CodedError SENSOR_UNSUPPORTED or SENSOR_NO_ROOT
   */
  static open(): TracePipe {
    let mounted: string | undefined
    let root = ROOTS.find(candidate => existsSync(join(candidate, 'trace_pipe')))
    if (root === undefined) {
      root = ROOTS[0]
      mountTracefs(root)
      mounted = root
    }
    try {
      const fd = openSync(join(root, 'trace_pipe'), constants.O_RDONLY | constants.O_NONBLOCK)
      const pipe = new TracePipe(fd, mounted)
      for (let skipped = 0; skipped < MAX_SKIPPED_BYTES; ) {
        const count = pipe.#read()
        if (count === 0) break
        skipped += count
        pipe.#rest = ''
      }
      return pipe
    } catch (cause) {
      if (mounted !== undefined) unmount(mounted)
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new CodedError('SENSOR_NO_ROOT', `cannot open the trace pipe: ${reason}`, {
        hint: 'run as root; only one reader can have it at a time',
        cause,
      })
    }
  }

  /** Whether the kernel records traces at all; an administrator may have switched that off. */
  static isRecording(): boolean {
    for (const root of ROOTS) {
      try {
        return readFileSync(join(root, 'tracing_on'), 'latin1').trim() !== '0'
      } catch {
        // Not mounted there.
      }
    }
    return true
  }

  /** Whole lines of bpf_trace_printk that have come since the last call; never waits. Bounded: more may be left. */
  take(): string[] {
    const MAX_READS = 16
    for (let reads = 0; reads < MAX_READS && this.#read() > 0; reads++);
    const lines = this.#rest.split('\n')
    const last = lines.pop() ?? ''
    this.#rest = last.length > MAX_LINE_BYTES ? '' : last
    if (this.#rest !== last) lines.push(last)
    return lines.filter(line => line.includes(' bpf_trace_printk: '))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
    if (this.#mounted !== undefined) unmount(this.#mounted)
  }

  #read(): number {
    try {
      const count = readSync(this.#fd, this.#buffer, 0, READ_BYTES, null)
      this.#rest += this.#buffer.toString('latin1', 0, count)
      return count
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0
      throw error
    }
  }
}

function mountTracefs(path: string): void {
  try {
    execFileSync('mount', ['-t', 'tracefs', 'tracefs', path], {stdio: 'pipe'})
  } catch (cause) {
    throw new CodedError('SENSOR_UNSUPPORTED', `tracefs is not mounted at ${path}`, {
      hint: `run: mount -t tracefs tracefs ${path}`,
      cause,
    })
  }
}

function unmount(path: string): void {
  try {
    execFileSync('umount', [path], {stdio: 'pipe'})
  } catch {
    // Somebody else began to use it: it is theirs now.
  }
}
