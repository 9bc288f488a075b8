import {dirname} from 'node:path'
import {openKernelSide} from '../src/app/detection/kernel-side.ts'
import {readRuleFiles} from '../src/app/rules/rule-files.ts'
import {capturePlanOf, compileRuleSet, engineRules} from '../src/app/rules/rule-set.ts'
import {evaluate} from '../src/compiler/interpret.ts'
import {Engine} from '../src/engine/engine.ts'
import {fieldBinder} from '../src/engine/field-binder.ts'
import {MatchContext} from '../src/engine/match-context.ts'
import {packageRoot} from '../src/paths.ts'
import {readBootClock} from '../src/sensor/boot-clock.ts'
import {RecordEvent} from '../src/sensor/decoder.ts'
import {HostState} from '../src/state/host-state.ts'
import {compileBurst, runBurst} from './burst-program.ts'
import {type Measurement, machine, measure} from './harness.ts'

/** What {@link run} yields: time of one recorded event through each further stage. Needs root. */
export interface DecodeResult {
  readonly name: 'decode'
  readonly machine: ReturnType<typeof machine>
  readonly records: number
  readonly bytesPerRecord: number
  readonly rules: number
  readonly cases: readonly {
    readonly stage:
      | 'decode'
      | 'decode + state'
      | 'decode + state + match'
      | 'decode + state + interpreter'
    readonly time: Measurement
    readonly eventsPerSecond: number
  }[]
}

interface Recording {
  readonly bytes: Buffer
  /** Start and length of each record. */
  readonly places: readonly (readonly [start: number, length: number])[]
}

const OPENS = 20_000
const EXECS = 500

/** Records the events of a program of our own with the shipped rules' captures, then replays the bytes. */
export async function run(): Promise<DecodeResult> {
  const {files} = readRuleFiles([`${packageRoot}/rules`])
  const set = compileRuleSet(files, {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  const clock = readBootClock()
  const recording = record(set, clock)
  const event = new RecordEvent(clock)
  const newState = (): HostState => new HostState({maxThreads: 100_000})
  const binder = fieldBinder({hostname: 'bench'})
  const engineWith = (rules: ReturnType<typeof engineRules>): Engine => {
    const engine = new Engine({
      context: new MatchContext(newState()),
      binder,
      hostname: 'bench',
      matching: 'first',
      runId: 'bench',
      onAlert: () => {},
    })
    engine.setRules(rules, 1)
    return engine
  }
  const replay = (each: () => void) => (): void => {
    for (const [start, length] of recording.places) {
      event.moveTo(recording.bytes, start, length)
      each()
    }
  }
  const withoutRules = engineWith([])
  const withRules = engineWith(engineRules(set))
  const twin = new MatchContext(newState())
  const stages: readonly (readonly [DecodeResult['cases'][number]['stage'], () => void])[] = [
    ['decode', replay(() => void event.timeNs())],
    ['decode + state', replay(() => void withoutRules.process(event))],
    ['decode + state + match', replay(() => void withRules.process(event))],
    [
      'decode + state + interpreter',
      replay(() => {
        twin.begin(event)
        set.rules.find(
          rule => rule.eventCodes.has(event.def.code) && evaluate(rule.condition, twin, binder),
        )
        twin.end()
      }),
    ],
  ]
  const units = recording.places.length
  return {
    name: 'decode',
    machine: machine(),
    records: units,
    bytesPerRecord: Math.round(recording.bytes.length / units),
    rules: set.rules.length,
    cases: stages.map(([stage, work]) => {
      const time = measure(work, {units, warmUpMs: 1000})
      return {stage, time, eventsPerSecond: Math.round(1e9 / time.medianNs)}
    }),
  }
}

function record(
  set: ReturnType<typeof compileRuleSet>,
  clock: ReturnType<typeof readBootClock>,
): Recording {
  const {sensor} = openKernelSide(capturePlanOf(set), 'auto', {
    stateBytes: 64 << 20,
    bulkBytes: 64 << 20,
  })
  const chunks: Buffer[] = []
  const places: [number, number][] = []
  try {
    const program = compileBurst()
    sensor.attach()
    const makers = new Set([
      runBurst(program, 'open', OPENS, program).pid,
      runBurst(program, 'exec', EXECS, '/bin/true').pid,
    ])
    sensor.detach()
    const event = new RecordEvent(clock)
    let size = 0
    sensor.read((bytes, start, length) => {
      event.moveTo(bytes, start, length)
      // Only what our own program and its children did is kept.
      if (event.kind === 'new_task' && makers.has(Number(event.get('$maker'))))
        makers.add(event.pid)
      if (!makers.has(event.pid)) return
      chunks.push(Buffer.from(bytes.subarray(start, start + length)))
      places.push([size, length])
      size += length
    })
    if (places.length < OPENS + EXECS)
      throw new Error(`only ${places.length} events were recorded in ${dirname(program)}`)
  } finally {
    sensor.close()
  }
  return {bytes: Buffer.concat(chunks), places}
}
