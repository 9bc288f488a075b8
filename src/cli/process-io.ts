import {readFile} from 'node:fs/promises'
import {text} from 'node:stream/consumers'
import {CodedError} from '../diagnostics/error.ts'
import type {CliIo} from './io.ts'

/** The real outside: this process's streams, files and environment. */
export function processIo(): CliIo {
  // `detector list fields | head` closes the pipe early; that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    stdout: chunk => void process.stdout.write(chunk),
    stderr: chunk => void process.stderr.write(chunk),
    async readInput(path) {
      try {
        return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8')
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new CodedError('CLI_USAGE', `cannot read ${path}: ${reason}`, {cause: error})
      }
    },
    isTerminal: process.stdout.isTTY === true,
    env: process.env,
  }
}

/** Waits until what was written to standard output and error has been handed on: writes to pipes are asynchronous. */
export async function flushOutput(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>(resolve => {
      stream.write('', () => resolve())
    })
  }
}
