import {closeSync} from 'node:fs'
import type {ArmedDetection} from '../detection/detection.ts'
import type {KindCounts} from '../detection/protocol.ts'
import {startDetector} from '../detector.ts'
import type {DetectorSettings} from '../detector-run.ts'
import {countProgramRuns, type ProgramRuns, readOwnPrograms} from './own-programs.ts'

/** What rules cost and let through in a time on this host. */
export interface Measured {
  readonly durationMs: number
  /** Whether events that no rule can match stayed in the kernel. */
  readonly kernelFilter: boolean
  /** By kind of record, those that happened. */
  readonly kinds: Readonly<Record<string, KindCounts>>
  /** Matches by rule name, those that matched. */
  readonly matches: Readonly<Record<string, number>>
  readonly programs: readonly MeasuredProgram[]
  /** CPU time of all threads of the detector, in milliseconds. */
  readonly cpuMs: number
}

/** One attached program that ran. */
export interface MeasuredProgram {
  readonly name: string
  readonly runs: number
  /** With all that it jumps to, and with the counting itself: some 20 ns. */
  readonly nsPerRun: number
}

/** What a measurement is of: all that a run is made of but its outputs. */
export type MeasureSettings = Omit<DetectorSettings, 'sinks' | 'matching' | 'recordPath'>

/**
 * Runs the detector as `run` would, and measures until the promise that `end` gives resolves; alerts go nowhere. When it
 * returns everything is detached and the kernel counts no more runs.
 *
 * @param end - asked once, when detection is armed
 * @throws CodedError RULE_… or SENSOR_…, with nothing left in the kernel
 */
export async function measureRules(
  settings: MeasureSettings,
  end: (armed: ArmedDetection) => Promise<void>,
): Promise<Measured> {
  const statistics = countProgramRuns()
  try {
    const detector = await startDetector({
      ...settings,
      sinks: [],
      matching: 'all',
      recordPath: undefined,
    })
    const measure = measurement()
    try {
      await Promise.race([end(detector.armed), detector.broken])
    } catch (error) {
      await detector.stop().catch(() => {
        // It broke down before: that is the error to tell.
      })
      throw error
    }
    const costs = measure()
    const {detection} = await detector.stop()
    return {
      ...costs,
      kernelFilter: settings.kernelFilter,
      kinds: detection.byKind,
      matches: detection.byRule,
    }
  } finally {
    closeSync(statistics)
  }
}

/** Begins to measure costs; the function that it gives ends it. */
function measurement(): () => Pick<Measured, 'durationMs' | 'programs' | 'cpuMs'> {
  const [before, startedMs, cpu] = [readOwnPrograms(), performance.now(), process.cpuUsage()]
  return () => {
    const {user, system} = process.cpuUsage(cpu)
    return {
      durationMs: performance.now() - startedMs,
      programs: runsBetween(before, readOwnPrograms()),
      cpuMs: (user + system) / 1000,
    }
  }
}

function runsBetween(
  before: ReadonlyMap<number, ProgramRuns>,
  after: ReadonlyMap<number, ProgramRuns>,
): MeasuredProgram[] {
  const measured: MeasuredProgram[] = []
  for (const [id, {name, runs, timeNs}] of after) {
    const ran = runs - (before.get(id)?.runs ?? 0)
    if (ran <= 0) continue
    const nsPerRun = (timeNs - (before.get(id)?.timeNs ?? 0)) / ran
    measured.push({name, runs: ran, nsPerRun: Math.round(nsPerRun)})
  }
  return measured.sort((left, right) => right.runs - left.runs)
}
