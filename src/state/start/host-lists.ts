import {readFileSync} from 'node:fs'
import {cpus, hostname, networkInterfaces, totalmem} from 'node:os'
import {type ByteString, bytesOf} from '../../schema/bytes.ts'
import type {ListedGroup, ListedInterface, ListedMachine, ListedUser} from '../metadata.ts'
import {parseGroup, parsePasswd} from '../users.ts'

/** Most entries that are taken of each list. */
const MAX_INTERFACES = 65_536
const MAX_ACCOUNTS = 1_048_576
/** Largest file of accounts that is read, in bytes. */
const MAX_FILE_BYTES = 67_108_864

/** The machine, with what the header of a recording holds beside. */
export interface HostMachine extends ListedMachine {
  readonly memoryBytes: number
  /** Largest process id. */
  readonly maxPid: number
}

/** Facts of this machine. `bootNs`: nanoseconds from the epoch to boot. */
export function hostMachine(bootNs: bigint, procRoot = '/proc'): HostMachine {
  const maxPid = Number(readText(`${procRoot}/sys/kernel/pid_max`))
  return {
    cpus: cpus().length,
    hostname: bytesOf(hostname()),
    bootNs,
    memoryBytes: totalmem(),
    maxPid: Number.isInteger(maxPid) ? maxPid : 0,
  }
}

/** The addresses of this machine: those of interfaces that are up. */
export function hostInterfaces(
  table: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): ListedInterface[] {
  const list: ListedInterface[] = []
  for (const entries of Object.values(table)) {
    for (const entry of entries ?? []) {
      const [address, netmask] = [addressBytes(entry.address), addressBytes(entry.netmask)]
      if (address === undefined || netmask === undefined || list.length >= MAX_INTERFACES) continue
      list.push({address, netmask})
    }
  }
  return list
}

/** The accounts and groups of this machine's files; those of directory services are not in them. */
export function hostAccounts(
  passwdPath = '/etc/passwd',
  groupPath = '/etc/group',
): {readonly users: readonly ListedUser[]; readonly groups: readonly ListedGroup[]} {
  const users: ListedUser[] = []
  const groups: ListedGroup[] = []
  for (const [uid, account] of parsePasswd(readText(passwdPath)))
    if (users.length < MAX_ACCOUNTS) users.push({uid, ...account})
  for (const [gid, name] of parseGroup(readText(groupPath)))
    if (groups.length < MAX_ACCOUNTS) groups.push({gid, name})
  return {users, groups}
}

function readText(path: string): ByteString {
  try {
    return readFileSync(path, 'latin1').slice(0, MAX_FILE_BYTES)
  } catch {
    // No such file: nobody is known.
    return ''
  }
}

/** The bytes of an address in text form: 4 or 16, in network order; undefined when it is none. */
export function addressBytes(text: string): ByteString | undefined {
  const bare = text.split('%')[0]!
  if (!bare.includes(':')) return plainBytes(bare)
  const [front = '', back, ...more] = bare.split('::')
  if (more.length > 0) return undefined
  const [head, tail] = [wordBytes(front), back === undefined ? '' : wordBytes(back)]
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  const fits = back === undefined ? missing === 0 : missing > 0
  return fits ? head + '\0'.repeat(missing) + tail : undefined
}

function plainBytes(text: string): ByteString | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined
  return String.fromCharCode(...parts.map(Number))
}

/** Groups of hexadecimal digits; the last may be an IPv4 address. */
function wordBytes(text: string): ByteString | undefined {
  if (text === '') return ''
  let bytes = ''
  const words = text.split(':')
  for (const [at, word] of words.entries()) {
    if (at === words.length - 1 && word.includes('.')) {
      const plain = plainBytes(word)
      return plain === undefined ? undefined : bytes + plain
    }
    if (!/^[0-9a-f]{1,4}$/i.test(word)) return undefined
    const value = Number.parseInt(word, 16)
    bytes += String.fromCharCode(value >> 8, value & 0xff)
  }
  return bytes
}
