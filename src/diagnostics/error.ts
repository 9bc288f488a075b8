import {CODES, type ErrorCode} from './codes.ts'

/** What else is known about an error. */
export interface ErrorDetails {
  /** An action: what the reader can do. */
  readonly hint?: string
  readonly cause?: unknown
  /** A long text (a kernel verifier log), for files and `-v`, never for the terminal by default. */
  readonly log?: string
}

/** The one error class: a code of the catalogue, a message that names the thing, and a hint that is an action. */
export class CodedError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly log: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : {cause: details.cause})
    this.name = 'CodedError'
    this.code = code
    this.hint = details.hint
    this.log = details.log
  }

  /** What the process exits with when this ends it. */
  get exitCode(): number {
    return CODES[this.code].exit
  }
}
