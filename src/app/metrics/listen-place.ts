/** Where a server listens. */
export type ListenPlace =
  | {readonly host: string; readonly port: number}
  /** A unix socket. */
  | {readonly path: string}

/**
 * Understands `127.0.0.1:8765`, `[::1]:8765`, `localhost:8765`, `:8765` (loopback), `/run/metrics.sock`; undefined for anything
 * else. Port 0 lets the system choose.
 */
export function parseListenPlace(text: string): ListenPlace | undefined {
  if (text.startsWith('/')) return {path: text}
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9A-Za-z._-]*)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  if (port > 65_535) return undefined
  return {host: match[1] ?? (match[2] || '127.0.0.1'), port}
}

/** Whether only this machine can reach the place. */
export function isLocal(place: ListenPlace): boolean {
  if ('path' in place) return true
  return (
    place.host === 'localhost' || place.host === '::1' || /^127(\.\d{1,3}){3}$/.test(place.host)
  )
}
