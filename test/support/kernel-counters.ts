import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {COUNTER} from '../../src/compiler/bpf/drop-counters.ts'
import {MAP_NAME} from '../../src/compiler/bpf/map-names.ts'
import {CAPTURES} from '../../src/schema/capture-table.ts'

/** What the kernel counted of a kind of record. */
export type CountersOfKind = Record<Exclude<keyof typeof COUNTER, 'size'>, number>

/** The counters in the kernel of a running detector, by kind of record, read by bpftool: nothing of ours is asked. */
export function readKernelCounters(pid: number): Map<string, CountersOfKind> {
  const id = mapIdsOf(pid).find(one => mapName(one).endsWith(MAP_NAME.counters))
  if (id === undefined) throw new Error(`process ${pid} has no map of counters`)
  const entries = bpftool('map', 'dump', 'id', String(id)) as readonly {
    readonly key: readonly string[]
    readonly values: readonly {readonly value: readonly string[]}[]
  }[]
  const all = new Map<string, CountersOfKind>()
  for (const {key, values} of entries) {
    const kind = CAPTURES[bytesOf(key).readUInt32LE(0)]?.kind
    if (kind === undefined) continue
    const sum = (offset: number): number =>
      values.reduce((total, {value}) => total + Number(bytesOf(value).readBigUInt64LE(offset)), 0)
    const {size: _size, ...offsets} = COUNTER
    const counts = Object.entries(offsets).map(([name, offset]) => [name, sum(offset)])
    all.set(kind, Object.fromEntries(counts) as CountersOfKind)
  }
  return all
}

/** Ids of the maps that a process holds (linux v6.8 kernel/bpf/syscall.c bpf_map_show_fdinfo). */
function mapIdsOf(pid: number): number[] {
  const folder = `/proc/${pid}/fdinfo`
  const ids = readdirSync(folder).flatMap(fd => {
    const match = /^map_id:\s*(\d+)$/m.exec(readFileSync(`${folder}/${fd}`, 'utf8'))
    return match === null ? [] : [Number(match[1])]
  })
  return [...new Set(ids)]
}

function mapName(id: number): string {
  return (bpftool('map', 'show', 'id', String(id)) as {readonly name?: string}).name ?? ''
}

function bytesOf(hex: readonly string[]): Buffer {
  return Buffer.from(hex.map(Number))
}

function bpftool(...args: readonly string[]): unknown {
  return JSON.parse(
    execFileSync('bpftool', ['-j', ...args], {encoding: 'utf8', maxBuffer: 1 << 26}),
  )
}
