import {join} from 'node:path'

/** Where the queue is when the configuration names no place; undefined when no place is known. */
export function defaultQueuePath(
  uid: number,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (uid === 0) return '/var/lib/detector/queue'
  const state = env['XDG_STATE_HOME'] ?? ''
  if (state.startsWith('/')) return join(state, 'detector', 'queue')
  const home = env['HOME'] ?? ''
  return home.startsWith('/') ? join(home, '.local', 'state', 'detector', 'queue') : undefined
}
