import type {CliIo} from '../../src/cli/io.ts'

/** A command's outside that remembers what was written. */
export interface FakeIo extends CliIo {
  readonly out: () => string
  readonly err: () => string
}

/** Not a terminal, no environment, no files but the given ones (by path). */
export function fakeIo(files: Readonly<Record<string, string>> = {}): FakeIo {
  let out = ''
  let err = ''
  return {
    stdout: text => {
      out += text
    },
    stderr: text => {
      err += text
    },
    async readInput(path) {
      const content = files[path]
      if (content === undefined) throw new Error(`no file ${path}`)
      return content
    },
    isTerminal: false,
    env: {},
    out: () => out,
    err: () => err,
  }
}
