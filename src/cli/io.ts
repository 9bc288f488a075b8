/** What a command is given of the outside: tests pass in their own. */
export interface CliIo {
  /** Writes results. The text is written as it is: end lines with `\n`. */
  readonly stdout: (text: string) => void
  /** Writes everything that is not a result: messages, progress. */
  readonly stderr: (text: string) => void
  /**
   * The whole content of a file as UTF-8 text; `-` is standard input.
   *
   * @throws CodedError `CLI_USAGE` when it cannot be read.
   */
  readonly readInput: (path: string) => Promise<string>
  /** Whether results go to a terminal. */
  readonly isTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}
