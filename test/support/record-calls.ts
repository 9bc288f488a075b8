import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import type {Context} from 'mocha'
import {capturePrograms} from '../../src/compiler/bpf/capture.ts'
import {
  captureMaps,
  entryPrograms,
  MAP_NAME,
  SOCKETCALL_COUNTER,
} from '../../src/compiler/bpf/tracepoint-entries.ts'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import {readBootClock} from '../../src/sensor/boot-clock.ts'
import {checkKernel} from '../../src/sensor/capabilities.ts'
import {RecordEvent} from '../../src/sensor/decoder.ts'
import {ownKernelPid} from '../../src/sensor/own-process.ts'
import {Sensor} from '../../src/sensor/sensor.ts'
import {compileC} from './compile-c.ts'

/** The values of one record by name; undefined where they could not be read. */
export type RecordedValues = Readonly<Record<string, number | bigint | string | undefined>>

/** What a program and its children did, as the sensor saw it. */
export interface RecordedCalls {
  readonly pid: number
  readonly records: readonly {
    readonly kind: string
    readonly event: string
    readonly values: RecordedValues
  }[]
  /** 32-bit `socketcall`s of the whole host, which have no record. */
  readonly socketcalls: number
}

/**
 * Compiles `test/testdata/live/NAME.c`, runs it with the folder as its argument while every kind of record is captured, and
 * gives the records of its process tree. Needs root and gcc.
 */
export function recordCalls(context: Context, name: string, folder: string): RecordedCalls {
  const program = compileC(context, name, folder)
  const btf = checkKernel()
  const host = {btf, selfPid: ownKernelPid()}
  const sensor = Sensor.open({
    maps: captureMaps(8 << 20),
    entries: entryPrograms(host),
    ring: MAP_NAME.events,
    active: MAP_NAME.active,
    btf,
  })
  try {
    const request = {onDemand: new Set(['env', 'data']), everyCall: true}
    sensor.install(CAPTURES.flatMap((_, index) => capturePrograms(index, request, host)))
    sensor.attach()
    const child = spawnSync(program, [folder])
    sensor.detach()
    assert.equal(child.status, 0, String(child.stderr))
    return {
      pid: child.pid,
      records: readFamily(sensor, child.pid),
      socketcalls: Number(sensor.sum(MAP_NAME.counters, SOCKETCALL_COUNTER)[0] ?? 0n),
    }
  } finally {
    sensor.close()
  }
}

function readFamily(sensor: Sensor, pid: number): RecordedCalls['records'] {
  const records: RecordedCalls['records'][number][] = []
  const event = new RecordEvent(readBootClock())
  const family = new Set([pid])
  sensor.read((bytes, start, length) => {
    event.moveTo(bytes, start, length)
    if (event.kind === 'new_task' && family.has(Number(event.get('$maker')))) family.add(event.pid)
    if (!family.has(event.pid)) return
    const names = Object.keys(CAPTURES[event.kindIndex]!.values)
    const values = Object.fromEntries(names.map(key => [key, event.get(key)]))
    records.push({kind: event.kind, event: event.def.name, values})
  })
  return records
}
