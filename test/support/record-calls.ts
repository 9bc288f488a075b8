import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import type {Context} from 'mocha'
import {SOCKETCALL_COUNTER} from '../../src/compiler/bpf/drop-counters.ts'
import {MAP_NAME} from '../../src/compiler/bpf/map-names.ts'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import type {LiveFacts} from '../../src/schema/event.ts'
import {readBootClock} from '../../src/sensor/boot-clock.ts'
import {RecordEvent} from '../../src/sensor/decoder.ts'
import type {Sensor} from '../../src/sensor/sensor.ts'
import {compileC} from './compile-c.ts'
import {everyKind, openSensor, type SensorChoice} from './open-sensor.ts'

/** The values of one record by name; undefined where they could not be read. */
export type RecordedValues = Readonly<Record<string, number | bigint | string | undefined>>

/** What a program and its children did, as the sensor saw it. */
export interface RecordedCalls {
  readonly pid: number
  readonly records: readonly {
    readonly kind: string
    readonly event: string
    readonly tid: number
    /** When the path or address was copied. */
    readonly copied: LiveFacts['copied']
    readonly values: RecordedValues
  }[]
  /** What the program printed. */
  readonly output: string
  /** 32-bit `socketcall`s of the whole host, which have no record. */
  readonly socketcalls: number
}

/**
 * Compiles `test/testdata/live/NAME.c`, runs it with the folder as its argument while every kind of record is captured, and
 * gives the records of its process tree; with `kinds`, only these and those of new tasks. Needs root and gcc.
 */
export function recordCalls(
  context: Context,
  name: string,
  folder: string,
  kinds?: ReadonlySet<string>,
  choice: SensorChoice & {readonly entryCopies?: boolean} = {},
): RecordedCalls {
  const program = compileC(context, name, folder)
  const all = everyKind(choice)
  const wanted = [...all.kinds].filter(
    ([index]) =>
      kinds === undefined ||
      kinds.has(CAPTURES[index]!.kind) ||
      CAPTURES[index]!.kind === 'new_task',
  )
  const sensor = openSensor({...all, kinds: new Map(wanted)}, choice)
  try {
    sensor.attach()
    const child = spawnSync(program, [folder])
    sensor.detach()
    assert.equal(child.status, 0, String(child.stderr))
    return {
      pid: child.pid,
      output: String(child.stdout),
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
    if (event.kind === 'new_task' && family.has(Number(event.get('$maker'))))
      family.add(event.pid).add(event.tid)
    if (!family.has(event.pid)) return
    const names = Object.keys(CAPTURES[event.kindIndex]!.values)
    const values = Object.fromEntries(names.map(key => [key, event.get(key)]))
    const {kind, def, tid, copied} = event
    records.push({kind, event: def.name, tid, copied, values})
  })
  return records
}
