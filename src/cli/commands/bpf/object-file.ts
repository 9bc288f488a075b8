import {readFileSync, statSync} from 'node:fs'
import {parseObject} from '../../../bpf/elf/object.ts'
import type {BpfObject} from '../../../bpf/elf/object-model.ts'
import {printable} from '../../../diagnostics/code-frame.ts'
import {CodedError} from '../../../diagnostics/error.ts'

/** What commands on an object file were asked for. */
export interface ObjectArgs {
  readonly path: string
  readonly json: boolean
}

const MAX_FILE_BYTES = 64 << 20

/**
 * Reads an object file.
 * @throws CodedError CLI_USAGE when it cannot be read, OBJECT_INVALID when it is none
 */
export function readObject(path: string): BpfObject {
  let bytes: Buffer
  try {
    const stat = statSync(path)
    if (!stat.isFile()) throw new Error('not a file')
    if (stat.size > MAX_FILE_BYTES) throw new Error('too large')
    bytes = readFileSync(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CodedError('CLI_USAGE', `cannot read ${path}: ${reason}`, {cause})
  }
  try {
    return parseObject(bytes)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, `${path}: ${error.message}`, {
      ...(error.hint === undefined ? {} : {hint: error.hint}),
      cause: error,
    })
  }
}

/** Names of an object file on one line: they are whatever bytes the file holds. */
export function shownName(name: string): string {
  return printable(name.replaceAll('\n', ' '))
}
