import {randomBytes} from 'node:crypto'
import {linkSync, lstatSync, type Stats, unlinkSync} from 'node:fs'
import {connect, type Server} from 'node:net'
import {CodedError} from '../../diagnostics/error.ts'
import {MAX_SOCKET_PATH} from './socket-place.ts'

/** A place is tried again this often when it changes under our hands. */
const TRIES = 5
/** How long the detector behind a socket may take to accept a connection. */
const PROBE_MS = 1000

/** A socket that is listened to. */
export interface SocketFile {
  /** Takes the file away if it is still ours. */
  remove(): void
}

/**
 * Lets a server listen at a path, for the owner alone: the file gets its mode before anybody can find it. What a crashed process
 * left there is replaced; where somebody listens nothing changes.
 *
 * @throws CodedError `CONTROL_BUSY` when somebody listens there, `CONTROL_LISTEN` when it is no place for a socket
 */
export async function listenAtPath(server: Server, path: string): Promise<SocketFile> {
  // Listened to under another name first, then linked: a link never replaces anything.
  const hidden = `${path}.${randomBytes(4).toString('hex')}`
  if (Buffer.byteLength(hidden) > MAX_SOCKET_PATH)
    throw new CodedError('CONTROL_LISTEN', `the path of the socket is too long: ${path}`, {
      hint: `name one of at most ${MAX_SOCKET_PATH - hidden.length + path.length} bytes`,
    })
  await listen(server, hidden, path)
  try {
    for (let tries = TRIES; ; tries--) {
      if (tryLink(hidden, path)) break
      if (tries === 0) throw busy(path)
      await clearAway(path)
    }
    const own = lstatSync(path)
    return {remove: () => removeIfSame(path, own)}
  } catch (error) {
    server.close()
    throw error instanceof CodedError ? error : failed(path, error)
  } finally {
    tryRemove(hidden)
  }
}

function listen(server: Server, hidden: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(failed(path, error))
    server.once('error', fail)
    // The file is made before `listen` returns.
    const umask = process.umask(0o177)
    try {
      server.listen(hidden, () => {
        server.removeListener('error', fail)
        resolve()
      })
    } finally {
      process.umask(umask)
    }
  })
}

/** False when the place is taken. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Takes a socket away that nobody listens to. @throws CodedError when somebody does, or it is no socket. */
async function clearAway(path: string): Promise<void> {
  const before = tryStat(path)
  if (before === undefined) return
  if (!before.isSocket())
    throw new CodedError('CONTROL_LISTEN', `${path} is there and is no socket`, {
      hint: 'move it away, or name another place by control.socket',
    })
  if (await isAnswered(path)) throw busy(path)
  removeIfSame(path, before)
}

/** Whether somebody listens at the socket. One that hangs counts as listening. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    const end = (answered: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answered)
    }
    const timer = setTimeout(() => end(true), PROBE_MS)
    socket.on('connect', () => end(true))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
}

function removeIfSame(path: string, known: Stats): void {
  const now = tryStat(path)
  if (now?.ino === known.ino && now.dev === known.dev) tryRemove(path)
}

function tryRemove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Nothing is there, which is what was wanted; anything else shows when the place is used.
  }
}

function tryStat(path: string): Stats | undefined {
  return lstatSync(path, {throwIfNoEntry: false})
}

function busy(path: string): CodedError {
  return new CodedError('CONTROL_BUSY', `another detector listens at ${path}`, {
    hint: 'end it, or give this one a place of its own: -o control.socket=PATH',
  })
}

function failed(path: string, cause: unknown): CodedError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new CodedError('CONTROL_LISTEN', `cannot listen at ${path}: ${reason}`, {
    hint: 'name another place by control.socket, or switch it off by control.enabled=false',
    cause,
  })
}
