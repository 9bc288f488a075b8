/** How much a log line matters. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

/** Takes one log line (no line end). Collaborators get it passed in; `cli` decides what is shown. */
export type Log = (level: LogLevel, message: string) => void
