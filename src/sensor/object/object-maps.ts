import {closeSync} from 'node:fs'
import type {BpfObject, ObjectMap} from '../../bpf/elf/object-model.ts'
import {mapFreeze, mapUpdate, refusal} from '../bpf-syscall.ts'
import type {CallResult} from '../ffi.ts'
import {indexKey} from '../map.ts'
import {possibleCpus} from '../possible-cpus.ts'
import {createMap, loadBtf} from './calls.ts'

/** Map types (linux v6.8 include/uapi/linux/bpf.h, enum bpf_map_type) that are created in a way of their own. */
const TYPE = {
  PROG_ARRAY: 3,
  PERF_EVENT_ARRAY: 4,
  ARRAY_OF_MAPS: 12,
  HASH_OF_MAPS: 13,
  RINGBUF: 27,
} as const
/** Types whose keys and values the kernel lets types describe: hashes, arrays, their per-CPU and LRU forms, tries, storages. */
const TYPED: ReadonlySet<number> = new Set([1, 2, 5, 6, 9, 10, 11, 24, 28, 29, 32])

/** The maps and types of an object in the kernel. Owns their descriptors. */
export interface LoadedMaps {
  /** Descriptor of the object's types; undefined when it has none, or the kernel does not take them. */
  readonly btfFd: number | undefined
  readonly fds: ReadonlyMap<string, number>
  /** Puts the programs into the slots of the object's program arrays. */
  readonly fillPrograms: (programFd: (name: string) => number | undefined) => void
  readonly close: () => void
}

/**
 * Creates and fills the maps of an object.
 * @throws CodedError (SENSOR_…) when the kernel refuses; nothing is left behind then.
 */
export function loadMaps(object: BpfObject): LoadedMaps {
  const opened: number[] = []
  const close = (): void => {
    for (const fd of opened.splice(0).reverse()) closeSync(fd)
  }
  const keep = (what: string, call: CallResult): number => {
    if (call.value < 0) throw refusal(what, call.errno)
    opened.push(call.value)
    return call.value
  }
  try {
    // An older kernel may not know a kind of type that the compiler wrote: everything but callbacks works without.
    const btf = object.btf === undefined ? undefined : loadBtf(object.btf.bytes)
    const btfFd = btf !== undefined && btf.value >= 0 ? keep('loading types', btf) : undefined
    const fds = new Map<string, number>()
    // Maps of maps need the others first.
    const ordered = [...object.maps].sort((left, right) => depthOf(left) - depthOf(right))
    for (const map of ordered) {
      const innerFd = depthOf(map) === 0 ? 0 : innerOf(map, fds, btfFd ?? 0, keep)
      const fd = keep(`creating map ${map.name}`, create(map, innerFd, btfFd ?? 0))
      fds.set(map.name, fd)
      fillData(map, fd)
      if (depthOf(map) > 0) fillSlots(map, fd, name => fds.get(name))
    }
    const fillPrograms = (programFd: (name: string) => number | undefined): void => {
      for (const map of object.maps) {
        if (map.type === TYPE.PROG_ARRAY) fillSlots(map, fds.get(map.name)!, programFd)
      }
    }
    return {btfFd, fds, fillPrograms, close}
  } catch (error) {
    close()
    throw error
  }
}

function depthOf({type}: ObjectMap): 0 | 1 {
  return type === TYPE.ARRAY_OF_MAPS || type === TYPE.HASH_OF_MAPS ? 1 : 0
}

/** A map that shows the kernel what the inner maps look like. */
function innerOf(
  map: ObjectMap,
  fds: ReadonlyMap<string, number>,
  btfFd: number,
  keep: (what: string, call: CallResult) => number,
): number {
  const filled = map.slots?.find(name => name !== undefined && fds.has(name))
  if (filled !== undefined) return fds.get(filled)!
  if (map.inner === undefined) return 0
  return keep(`creating the inner map of ${map.name}`, create(map.inner, 0, btfFd))
}

function create(map: ObjectMap, innerFd: number, btfFd: number): CallResult {
  // A ring's value type says what its records look like; the kernel wants no sizes.
  const sizes = map.type === TYPE.RINGBUF ? {keySize: 0, valueSize: 0} : {}
  const maxEntries =
    map.maxEntries === 0 && map.type === TYPE.PERF_EVENT_ARRAY ? possibleCpus() : map.maxEntries
  const described = TYPED.has(map.type) && map.valueType > 0 ? btfFd : 0
  const wanted = {...map, ...sizes, maxEntries, innerFd}
  const call = createMap({...wanted, btfFd: described})
  // A type that the kernel does not accept for this map is worth less than the map.
  return call.value < 0 && described > 0 ? createMap({...wanted, btfFd: 0}) : call
}

function fillData(map: ObjectMap, fd: number): void {
  if (map.data === undefined) return
  const call = mapUpdate(fd, indexKey(0), map.data)
  if (call.value < 0) throw refusal(`filling ${map.name}`, call.errno)
  if (!map.frozen) return
  const frozen = mapFreeze(fd)
  if (frozen.value < 0) throw refusal(`freezing ${map.name}`, frozen.errno)
}

function fillSlots(
  map: ObjectMap,
  fd: number,
  descriptor: (name: string) => number | undefined,
): void {
  for (const [index, name] of (map.slots ?? []).entries()) {
    const target = name === undefined ? undefined : descriptor(name)
    if (target === undefined) continue
    const call = mapUpdate(fd, indexKey(index), indexKey(target))
    if (call.value < 0)
      throw refusal(`filling slot ${index} of ${map.name} with ${name}`, call.errno)
  }
}
