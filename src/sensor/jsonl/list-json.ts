import type {ByteString} from '../../schema/bytes.ts'
import type {Int} from '../../schema/value.ts'
import type {
  ListedFd,
  ListedGroup,
  ListedInterface,
  ListedMachine,
  ListedThread,
  ListedUser,
} from '../../state/metadata.ts'
import {
  arrayOf,
  booleanOf,
  bytesFromJson,
  bytesToJson,
  finiteOf,
  intFromJson,
  intToJson,
  type JsonObject,
  LineError,
  member,
  numberOf,
  objectOf,
} from './json-checks.ts'

/** How one member of a listed thing is written and read. */
interface MemberForm<T> {
  readonly toJson: (value: T) => unknown
  readonly fromJson: (json: unknown, what: string) => T
}

/** Forms of all members of a listed thing, those of its parts included. */
type Members<T> = {readonly [K in keyof T]-?: MemberForm<NonNullable<T[K]>>}

/** Longest list of arguments, variables or groups. */
const MAX_WORDS = 65_536

const number: MemberForm<number> = {toJson: value => value, fromJson: numberOf}
const rough: MemberForm<number> = {toJson: value => value, fromJson: finiteOf}
const flag: MemberForm<boolean> = {toJson: value => value, fromJson: booleanOf}
const int: MemberForm<Int> = {toJson: intToJson, fromJson: intFromJson}
const text: MemberForm<ByteString> = {toJson: bytesToJson, fromJson: bytesFromJson}
const wide: MemberForm<bigint> = {
  toJson: value => ({int: String(value)}),
  fromJson: (json, what) => BigInt(intFromJson(json, what)),
}
const address: MemberForm<ByteString> = {
  toJson: bytesToJson,
  fromJson: (json, what) => {
    const bytes = bytesFromJson(json, what)
    if (bytes.length !== 4 && bytes.length !== 16)
      throw new LineError(`${what} must have 4 or 16 bytes`)
    return bytes
  },
}
const words: MemberForm<readonly ByteString[]> = {
  toJson: value => value.map(bytesToJson),
  fromJson: (json, what) =>
    arrayOf(json, what, MAX_WORDS).map(word => bytesFromJson(word, `a member of ${what}`)),
}

function part<T extends object>(members: Members<T>): MemberForm<T> {
  return {
    toJson: value => partToJson(members, value),
    fromJson: (json, what) => partFromJson(members, objectOf(json, what)),
  }
}

const MACHINE: Members<ListedMachine> = {cpus: number, hostname: text, bootNs: wide}
const THREAD: Members<ListedThread> = {
  tid: number,
  startedNs: rough,
  pid: number,
  parentTid: number,
  sid: number,
  vpgid: number,
  pgid: number,
  vtid: number,
  vpid: number,
  comm: text,
  exe: text,
  exePath: text,
  args: words,
  env: words,
  cgroups: words,
  cwd: text,
  fdLimit: int,
  flags: number,
  uid: number,
  gid: number,
  vmSizeKb: number,
  vmRssKb: number,
  vmSwapKb: number,
  majorFaults: int,
  minorFaults: int,
  namespaceStartNs: wide,
  tty: number,
  loginUid: number,
  exeWritable: flag,
  exeUpperLayer: flag,
  exeLowerLayer: flag,
  exeFromMemory: flag,
  capInheritable: wide,
  capPermitted: wide,
  capEffective: wide,
  exeInode: int,
  exeCtimeNs: wide,
  exeMtimeNs: wide,
}
const FD: Members<ListedFd> = {
  fd: number,
  type: number,
  inode: int,
  name: text,
  openFlags: number,
  device: number,
  ends: part({
    sourceAddress: address,
    sourcePort: number,
    targetAddress: address,
    targetPort: number,
  }),
  listens: part({address, port: number}),
  protocol: number,
  unix: part({source: wide, target: wide}),
}
const INTERFACE: Members<ListedInterface> = {address, netmask: address}
const USER: Members<ListedUser> = {uid: number, name: text, home: text, shell: text}
const GROUP: Members<ListedGroup> = {gid: number, name: text}

/** Forms of what stands in the lists of a capture, by the key of their lines. */
export const LISTED = {
  machine: part(MACHINE),
  thread: part(THREAD),
  fd: part(FD),
  interface: part(INTERFACE),
  user: part(USER),
  group: part(GROUP),
} as const

/** Members that may be missing. */
const OPTIONAL: ReadonlySet<string> = new Set(['startedNs', 'ends', 'listens', 'unix'])

function partToJson<T extends object>(members: Members<T>, value: T): object {
  const json: Record<string, unknown> = {}
  for (const name of Object.keys(members) as (keyof T & string)[]) {
    const own = value[name]
    if (own !== undefined && own !== null) json[name] = members[name].toJson(own)
  }
  return json
}

function partFromJson<T extends object>(members: Members<T>, json: JsonObject): T {
  const value: Partial<T> = {}
  for (const name of Object.keys(members) as (keyof T & string)[]) {
    const own = member(json, name)
    if (own !== undefined || !OPTIONAL.has(name)) value[name] = members[name].fromJson(own, name)
  }
  return value as T
}
