import {closeSync} from 'node:fs'
import {BPF_MAP_TYPE, type MapSpec} from '../bpf/specs.ts'
import {mapCreate, mapDelete, mapFreeze, mapLookup, mapUpdate, refusal} from './bpf-syscall.ts'
import {ERRNO} from './errno.ts'

/** Programs may only read the map (linux v5.2 include/uapi/linux/bpf.h). */
const BPF_F_RDONLY_PROG = 1 << 7

/** A map in the kernel. Owns its descriptor: close it once. */
export class BpfMap {
  readonly spec: MapSpec
  readonly fd: number
  #closed = false

  private constructor(spec: MapSpec, fd: number) {
    this.spec = spec
    this.fd = fd
  }

  /** @throws CodedError (SENSOR_…) when the kernel refuses. */
  static create(spec: MapSpec): BpfMap {
    const call = mapCreate({...spec, type: BPF_MAP_TYPE[spec.type], flags: spec.flags ?? 0})
    if (call.value < 0)
      throw refusal(
        `creating map ${spec.name} (${spec.type}, ${spec.maxEntries} entries)`,
        call.errno,
      )
    return new BpfMap(spec, call.value)
  }

  /**
   * A frozen array map whose only value is these bytes: neither user space nor programs can change them.
   * @throws CodedError (SENSOR_…) when the kernel refuses.
   */
  static ofData(name: string, bytes: Buffer): BpfMap {
    const sizes = {keySize: 4, valueSize: bytes.length, maxEntries: 1}
    const map = BpfMap.create({name, type: 'array', ...sizes, flags: BPF_F_RDONLY_PROG})
    try {
      map.update(indexKey(0), bytes)
      const call = mapFreeze(map.fd)
      if (call.value < 0) throw refusal(`freezing map ${name}`, call.errno)
      return map
    } catch (error) {
      map.close()
      throw error
    }
  }

  /** Copies the value of a key into `value`; false when there is none. Per-CPU maps fill one value per possible CPU. */
  lookup(key: Buffer, value: Buffer): boolean {
    const call = mapLookup(this.fd, key, value)
    if (call.value === 0) return true
    if (call.errno === ERRNO.ENOENT) return false
    throw refusal(`reading map ${this.spec.name}`, call.errno)
  }

  /** Sets the value of a key. */
  update(key: Buffer, value: Buffer): void {
    const call = mapUpdate(this.fd, key, value)
    if (call.value < 0) throw refusal(`writing map ${this.spec.name}`, call.errno)
  }

  /** Sets the value of a key; false when there is no room for it. */
  tryUpdate(key: Buffer, value: Buffer): boolean {
    const call = mapUpdate(this.fd, key, value)
    if (call.value >= 0) return true
    if (call.errno === ERRNO.E2BIG || call.errno === ERRNO.ENOMEM) return false
    throw refusal(`writing map ${this.spec.name}`, call.errno)
  }

  /** Removes a key; false when it was not there. */
  delete(key: Buffer): boolean {
    const call = mapDelete(this.fd, key)
    if (call.value === 0) return true
    if (call.errno === ERRNO.ENOENT) return false
    throw refusal(`deleting from map ${this.spec.name}`, call.errno)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.fd)
  }
}

/** A 4-byte array index as a key. */
export function indexKey(index: number): Buffer {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(index, 0)
  return key
}
