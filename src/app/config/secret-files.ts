import {closeSync, fstatSync, openSync, readSync} from 'node:fs'
import {SECRET_KEYS} from '../../schema/config/output-schema.ts'
import type {SchemaProblem} from './check.ts'
import type {ConfigPath} from './problem.ts'

/** A longer file is no secret of ours. */
const MAX_BYTES = 64 * 1024

/**
 * Replaces `file:/PATH` in the secrets of outputs, in place, by what the file holds without the line end behind it.
 *
 * @returns the files that cannot be read
 */
export function readSecretFiles(outputs: unknown): SchemaProblem[] {
  const problems: SchemaProblem[] = []
  const read = (holder: Record<string, unknown>, key: string, path: ConfigPath): void => {
    const value = holder[key]
    if (typeof value !== 'string' || !value.startsWith('file:/')) return
    try {
      holder[key] = readSecret(value.slice('file:'.length))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
      const reason = code ?? (error instanceof Error ? error.message : String(error))
      problems.push({path, message: `names a file that cannot be read: ${reason}`, hint: undefined})
    }
  }
  const visit = (value: unknown, path: ConfigPath, isSecret: boolean): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      const at = [...path, Array.isArray(value) ? Number(key) : key]
      if (isSecret || SECRET_KEYS.has(key)) read(value as Record<string, unknown>, key, at)
      visit(inner, at, key === 'headers')
    }
  }
  visit(outputs, ['outputs'], false)
  return problems
}

function readSecret(path: string): string {
  const fd = openSync(path, 'r')
  try {
    if (!fstatSync(fd).isFile()) throw new Error('it is no regular file')
    const buffer = Buffer.alloc(MAX_BYTES + 1)
    let size = 0
    for (let read = 1; read > 0 && size < buffer.length; size += read) {
      read = readSync(fd, buffer, size, buffer.length - size, null)
    }
    if (size > MAX_BYTES) throw new Error('it is larger than 64 KiB')
    return buffer.toString('utf8', 0, size).replace(/\r?\n$/, '')
  } finally {
    closeSync(fd)
  }
}
