import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs'
import {join} from 'node:path'
import {MAX_RULE_FILE_BYTES} from '../../compiler/rules/load.ts'
import {CodedError} from '../../diagnostics/error.ts'

/** A rule file as read from disk; decoding is the loader's part. */
export interface ReadRuleFile {
  /** What reports call it: the path, or `<stdin>`. */
  readonly name: string
  readonly content: Uint8Array
  /** Where it was read; `-` for standard input. */
  readonly path: string
}

/** What {@link readRuleFiles} yields. */
export interface ReadRuleFiles {
  /** In the order in which they count. */
  readonly files: readonly ReadRuleFile[]
  /** About files that others can change. */
  readonly warnings: readonly string[]
}

/**
 * Reads rule files. A folder stands for its `.yaml` and `.yml` files (not `*.test.yaml`, `*.test.yml`, which are rule tests),
 * in name order and not recursive; a file is taken whatever its name; `-` is standard input. Blocks until all is read.
 *
 * @throws CodedError `RULE_FILE_READ` when something cannot be read, is no regular file, or is over 32 MiB
 */
export function readRuleFiles(paths: readonly string[]): ReadRuleFiles {
  const files: ReadRuleFile[] = []
  const warnings: string[] = []
  for (const path of paths) {
    if (path === '-') {
      files.push({name: '<stdin>', content: readAll(0, '<stdin>'), path})
      continue
    }
    const stats = attempt(path, () => statSync(path))
    if (!stats.isDirectory()) {
      files.push(readRuleFile(path, warnings))
      continue
    }
    warnIfWritable(path, stats, warnings)
    for (const name of attempt(path, () => readdirSync(path))
      .filter(isRuleFileName)
      .sort()) {
      const file = join(path, name)
      if (attempt(file, () => statSync(file)).isFile()) files.push(readRuleFile(file, warnings))
    }
  }
  return {files, warnings}
}

/** Whether a file in a folder is a rule file by its name. */
export function isRuleFileName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name)
}

function readRuleFile(path: string, warnings: string[]): ReadRuleFile {
  // Non-blocking, because opening a pipe would otherwise wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const fd = attempt(path, () => openSync(path, flags))
  try {
    const stats = attempt(path, () => fstatSync(fd))
    if (!stats.isFile()) throw new CodedError('RULE_FILE_READ', `${path} is not a regular file`)
    warnIfWritable(path, stats, warnings)
    return {name: path, content: readAll(fd, path), path}
  } finally {
    closeSync(fd)
  }
}

const CHUNK = 1024 * 1024

/** Reads to the end, and no more than the limit, whatever the size says: a file may grow while it is read. */
function readAll(fd: number, name: string): Uint8Array {
  const chunks: Buffer[] = []
  let size = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK)
    const count = attempt(name, () => readSome(fd, chunk))
    if (count === 0) return Buffer.concat(chunks)
    size += count
    if (size > MAX_RULE_FILE_BYTES) {
      const message = `${name} is larger than ${MAX_RULE_FILE_BYTES} bytes`
      throw new CodedError('RULE_FILE_READ', message, {hint: 'split the rule file'})
    }
    chunks.push(chunk.subarray(0, count))
  }
}

const RETRY_MS = 10

/** Standard input may be non-blocking; then "nothing yet" is not the end. */
function readSome(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, into)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}

function warnIfWritable(path: string, {mode}: Stats, warnings: string[]): void {
  if ((mode & 0o002) === 0) return
  warnings.push(`${path} can be changed by every user: run chmod o-w on it`)
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CodedError('RULE_FILE_READ', `cannot read rules from ${path}: ${reason}`, {
      cause: error,
    })
  }
}
