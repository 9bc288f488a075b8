import {closeSync} from 'node:fs'
import {Btf} from '../../bpf/btf.ts'
import {CodedError} from '../../diagnostics/error.ts'
import {mapLookup, refusal} from '../bpf-syscall.ts'
import {ERRNO} from '../errno.ts'
import {addressOf} from '../ffi.ts'
import {possibleCpus} from '../possible-cpus.ts'
import {nextKey, openById, readInfo} from './calls.ts'

const BPF_MAP_TYPE_ARRAY_OF_MAPS = 12
const BPF_MAP_TYPE_HASH_OF_MAPS = 13
/** Per-CPU hash, array, LRU hash and cgroup storage: their values hold one part for each possible CPU. */
const PER_CPU: ReadonlySet<number> = new Set([5, 6, 10, 21])
/** Ring buffer, queue, stack, Bloom filter, user ring, arena: they have no keys to walk. */
const WITHOUT_KEYS: ReadonlySet<number> = new Set([22, 23, 27, 30, 31, 33])
const MAX_VALUE_BYTES = 16 << 20
const MAX_BTF_BYTES = 64 << 20

/** A loaded map as the kernel describes it. */
export interface MapFacts {
  readonly id: number
  readonly name: string
  readonly type: number
  readonly keySize: number
  /** Bytes of a value; of one part where the map keeps one for each CPU. */
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
}

/** What a loaded map holds. */
export interface MapContents {
  readonly facts: MapFacts
  /** In the kernel's order. `values` has one part for each possible CPU where the map keeps them apart. */
  readonly entries: readonly {readonly key: Buffer; readonly values: readonly Buffer[]}[]
  /** Whether there are more entries than were asked for. */
  readonly more: boolean
  /** Types of keys and values; undefined where the map has none. Type id 0: not described. */
  readonly types: {readonly btf: Btf; readonly key: number; readonly value: number} | undefined
}

/**
 * Reads a loaded map, up to `limit` entries.
 * @throws CodedError SENSOR_UNSUPPORTED when there is no such map or it has no keys, others when the kernel refuses
 */
export function readMapContents(id: number, limit: number): MapContents {
  const opened = openById('map', id)
  if (opened.errno === ERRNO.ENOENT)
    throw new CodedError('SENSOR_UNSUPPORTED', `no map has the id ${id}`, {
      hint: 'see `detector bpf show`',
    })
  if (opened.value < 0) throw refusal(`opening map ${id}`, opened.errno)
  const fd = opened.value
  try {
    const info = Buffer.alloc(88)
    const call = readInfo(fd, info)
    if (call.value < 0) throw refusal(`reading the info of map ${id}`, call.errno)
    const facts = {
      id,
      name: info.toString('latin1', 24, 40).replace(/\0.*$/s, ''),
      type: info.readUInt32LE(0),
      keySize: info.readUInt32LE(8),
      valueSize: info.readUInt32LE(12),
      maxEntries: info.readUInt32LE(16),
      flags: info.readUInt32LE(20),
    }
    const types = readTypes(info.readUInt32LE(64), info.readUInt32LE(68), info.readUInt32LE(72))
    return {facts, types, ...readEntries(fd, facts, limit)}
  } finally {
    closeSync(fd)
  }
}

function readEntries(
  fd: number,
  {type, keySize, valueSize, name}: MapFacts,
  limit: number,
): Pick<MapContents, 'entries' | 'more'> {
  if (WITHOUT_KEYS.has(type)) return {entries: [], more: false}
  const parts = PER_CPU.has(type) ? possibleCpus() : 1
  const stride = parts > 1 ? Math.ceil(valueSize / 8) * 8 : valueSize
  if (stride * parts > MAX_VALUE_BYTES)
    throw new CodedError('SENSOR_UNSUPPORTED', `a value of map ${name} is ${valueSize} bytes long`)
  const entries: {key: Buffer; values: Buffer[]}[] = []
  let key: Buffer | undefined
  // Entries that vanish while the map is walked make the kernel start again: the walk ends all the same.
  for (let steps = 0; steps < limit * 2; steps++) {
    const next = Buffer.alloc(keySize)
    const step = nextKey(fd, key, next)
    if (step.errno === ERRNO.ENOENT) return {entries, more: false}
    if (step.value < 0) throw refusal(`walking map ${name}`, step.errno)
    if (entries.length === limit) return {entries, more: true}
    key = next
    const value = Buffer.alloc(Math.max(8, stride * parts))
    const found = mapLookup(fd, next, value)
    if (found.value < 0 && found.errno !== ERRNO.ENOENT && !holdsObjects(type))
      throw refusal(`reading map ${name}`, found.errno)
    if (found.value < 0) continue
    entries.push({
      key: next,
      values: Array.from({length: parts}, (_, part) =>
        value.subarray(part * stride, part * stride + valueSize),
      ),
    })
  }
  return {entries, more: true}
}

/** Slots of maps of programs or maps may be empty. */
function holdsObjects(type: number): boolean {
  const BPF_MAP_TYPE_PROG_ARRAY = 3
  return (
    type === BPF_MAP_TYPE_PROG_ARRAY ||
    type === BPF_MAP_TYPE_ARRAY_OF_MAPS ||
    type === BPF_MAP_TYPE_HASH_OF_MAPS
  )
}

function readTypes(id: number, key: number, value: number): MapContents['types'] {
  if (id === 0) return undefined
  const opened = openById('btf', id)
  if (opened.value < 0) return undefined
  try {
    const info = Buffer.alloc(32)
    // The first answer says how long the types are, the second one holds them.
    if (readInfo(opened.value, info).value < 0) return undefined
    const size = info.readUInt32LE(8)
    if (size > MAX_BTF_BYTES) return undefined
    const bytes = Buffer.alloc(size)
    info.fill(0)
    info.writeBigUInt64LE(addressOf(bytes), 0)
    info.writeUInt32LE(size, 8)
    if (readInfo(opened.value, info).value < 0) return undefined
    return {btf: new Btf(bytes), key, value}
  } finally {
    closeSync(opened.value)
  }
}
