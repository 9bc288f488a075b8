import {readFileSync, statSync} from 'node:fs'
import type {ByteString} from '../schema/bytes.ts'

/** One account of the host. */
export interface User {
  readonly name: ByteString
  readonly home: ByteString
  readonly shell: ByteString
}

/** How often the files are looked at again, in milliseconds. */
const CHECK_EVERY_MS = 5000

/** The accounts and groups of the host, from passwd and group files; read again when they change. */
export class Users {
  readonly #passwd: CachedFile<User>
  readonly #group: CachedFile<ByteString>

  /** @param nowMs - a clock that only goes forward, milliseconds */
  constructor(nowMs: () => number, passwdPath = '/etc/passwd', groupPath = '/etc/group') {
    this.#passwd = new CachedFile(passwdPath, parsePasswd, nowMs)
    this.#group = new CachedFile(groupPath, parseGroup, nowMs)
  }

  user(uid: number): User | undefined {
    return this.#passwd.entries().get(uid)
  }

  groupName(gid: number): ByteString | undefined {
    return this.#group.entries().get(gid)
  }
}

/** Reads a passwd file: `name:password:uid:gid:comment:home:shell`. Of two lines with one id the first counts. */
export function parsePasswd(content: ByteString): Map<number, User> {
  const users = new Map<number, User>()
  for (const line of content.split('\n')) {
    const [name, , uid, , , home = '', shell = ''] = line.split(':')
    if (name !== undefined && uid !== undefined && /^\d+$/.test(uid) && !users.has(Number(uid))) {
      users.set(Number(uid), {name, home, shell})
    }
  }
  return users
}

/** Reads a group file: `name:password:gid:members`. */
export function parseGroup(content: ByteString): Map<number, ByteString> {
  const groups = new Map<number, ByteString>()
  for (const line of content.split('\n')) {
    const [name, , gid] = line.split(':')
    if (name !== undefined && gid !== undefined && /^\d+$/.test(gid) && !groups.has(Number(gid))) {
      groups.set(Number(gid), name)
    }
  }
  return groups
}

class CachedFile<T> {
  readonly #path: string
  readonly #parse: (content: ByteString) => Map<number, T>
  readonly #nowMs: () => number
  #entries = new Map<number, T>()
  #checkedMs = Number.NEGATIVE_INFINITY
  #version = ''

  constructor(path: string, parse: (content: ByteString) => Map<number, T>, nowMs: () => number) {
    this.#path = path
    this.#parse = parse
    this.#nowMs = nowMs
  }

  entries(): Map<number, T> {
    const now = this.#nowMs()
    if (now - this.#checkedMs < CHECK_EVERY_MS) return this.#entries
    this.#checkedMs = now
    try {
      const {ino, size, mtimeMs} = statSync(this.#path)
      const version = `${ino} ${size} ${mtimeMs}`
      if (version !== this.#version) {
        this.#entries = this.#parse(readFileSync(this.#path, 'latin1'))
        this.#version = version
      }
    } catch {
      // No such file, or it is being replaced: the last good content stands.
    }
    return this.#entries
  }
}
