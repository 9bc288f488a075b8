/** What a running command does about signals. */
export interface SignalHandlers {
  /** SIGINT and SIGTERM: end cleanly. Called once; a second signal ends the process at once with code 130. */
  readonly stop: () => void
  /** SIGHUP: read rules and config again. */
  readonly reload: () => void
  /** SIGUSR1: open files again. */
  readonly reopen: () => void
}

/**
 * Routes the signals of the process to handlers until the returned function is called. The entry file keeps a listener
 * of its own on SIGUSR1 for the whole life of the process: without one, Node answers the signal with a debugger port.
 */
export function listenForSignals(handlers: SignalHandlers): () => void {
  let stopping = false
  const stop = (): void => {
    if (stopping) process.exit(130)
    stopping = true
    handlers.stop()
  }
  const routes = [
    ['SIGINT', stop],
    ['SIGTERM', stop],
    ['SIGHUP', handlers.reload],
    ['SIGUSR1', handlers.reopen],
  ] as const
  for (const [signal, handler] of routes) process.on(signal, handler)
  return () => {
    for (const [signal, handler] of routes) process.off(signal, handler)
  }
}
