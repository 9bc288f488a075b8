import {createHash} from 'node:crypto'
import {encode, type Instruction, slotsOf} from './instruction.ts'
import type {ProgramData, ProgramSpec} from './specs.ts'

/** A program that is known somewhere by its content. */
export interface ProgramReference extends Pick<ProgramSpec, 'name' | 'attach'> {
  /** Of the code, the maps and the data: equal hashes mean the same program. */
  readonly hash: string
  /** It runs only until a better program for its place is loaded, and will be wanted again: it stays loaded when it is replaced. */
  readonly standIn?: boolean
}

/** A program as bytes: plain data, small enough to cross threads. */
export interface ProgramImage extends ProgramReference {
  readonly license: string
  /** Its instructions, without the descriptors of maps. */
  readonly code: Uint8Array
  /** Where descriptors of maps go: the slot of the instruction, and the map's name. */
  readonly maps: readonly {readonly slot: number; readonly map: string}[]
  readonly data?: readonly Pick<ProgramData, 'name' | 'bytes'>[]
}

/** The bytes of a program. */
export function programImage(spec: ProgramSpec): ProgramImage {
  const {name, attach, instructions, license, data} = spec
  const code = encode(instructions)
  const maps = mapsOf(instructions)
  const hash = createHash('sha256')
    .update(code)
    .update(JSON.stringify([license, maps]))
  for (const {name: of, bytes} of data ?? []) hash.update(`${of}:${bytes.length}:`).update(bytes)
  return {name, attach, license, code, maps, hash: hash.digest('hex'), ...(data && {data})}
}

/**
 * The instructions of an image with the descriptors of its maps.
 * @throws Error when a map has no descriptor.
 */
export function linkedCode(
  {code, maps}: Pick<ProgramImage, 'code' | 'maps'>,
  mapFd: (name: string) => number | undefined,
): Buffer {
  const linked = Buffer.from(code)
  for (const {slot, map} of maps) {
    const fd = mapFd(map)
    if (fd === undefined) throw new Error(`no descriptor for map ${map}`)
    linked.writeInt32LE(fd, slot * 8 + 4)
  }
  return linked
}

/** Where a program has its place: the array and slot of a capture program, the name of an entry program. */
export function programKey({attach, name}: Pick<ProgramSpec, 'name' | 'attach'>): string {
  return attach.kind === 'tail_call' ? `${attach.map}/${attach.slot}` : name
}

function mapsOf(instructions: readonly Instruction[]): ProgramImage['maps'] {
  const maps: {slot: number; map: string}[] = []
  let slot = 0
  for (const instruction of instructions) {
    if (instruction.map !== undefined) maps.push({slot, map: instruction.map})
    slot += slotsOf(instruction)
  }
  return maps
}
