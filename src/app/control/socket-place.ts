import {join} from 'node:path'

/** Longest path of a unix socket in bytes (linux v6.8 include/uapi/linux/un.h: 108 with the zero at its end). */
export const MAX_SOCKET_PATH = 107

/** Where a detector listens for its own commands when the configuration names no place. */
export function defaultSocketPath(
  uid: number,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (uid === 0) return '/run/detector/control.sock'
  const runtime = env['XDG_RUNTIME_DIR'] ?? ''
  return runtime.startsWith('/') ? join(runtime, 'detector', 'control.sock') : undefined
}
