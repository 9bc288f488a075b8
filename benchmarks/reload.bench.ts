import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {monotonicMs} from '../src/diagnostics/monotonic.ts'
import {packageRoot} from '../src/paths.ts'
import {type DetectorRun, startDetector} from './detector-run.ts'
import {machine} from './harness.ts'
import {generatedFile} from './rule-sets.ts'

/** What {@link run} yields: how long it takes from saving a rule file until its rules are in force in the kernel. Needs root. */
export interface ReloadResult {
  readonly name: 'reload'
  readonly machine: ReturnType<typeof machine>
  readonly cases: readonly ReloadCase[]
}

/** One set of rules, of which one rule in a file of its own changes at each reload. */
export interface ReloadCase {
  readonly rules: string
  readonly reloads: number
  /** From the start of the process until it watches. */
  readonly startMs: number
  readonly programs: number
  /** Instructions that the kernel's verifier went through for all programs together. */
  readonly verifiedInstructions: number
  /** Memory of programs and of maps in the kernel, MiB. */
  readonly programMib: number
  readonly mapMib: number
  /** From the rename that saves the file until the rules are in force. */
  readonly medianMs: number
  readonly p99Ms: number
  /** Medians of the parts, in their order. */
  readonly parts: Readonly<Record<string, number>>
  /** Processor time of the whole detector for one reload. */
  readonly cpuMsEach: number
}

const RELOADS = Number(process.env['RELOADS'] ?? 120)
/** Between reloads, so that each begins when the one before is quite over. */
const PAUSE_MS = 300

/** Changes one rule again and again: beside the public rules, then beside 1,000 and 10,000 generated ones. */
export async function run(): Promise<ReloadResult> {
  const cases: ReloadCase[] = []
  const publicRules = join(packageRoot, '..', 'shared', 'public-rules')
  if (existsSync(publicRules)) {
    const put = (folder: string): void => {
      for (const name of readdirSync(publicRules).filter(one => one.endsWith('.yaml')))
        copyFileSync(join(publicRules, name), join(folder, name))
    }
    cases.push(await measureReloads('public + 1', RELOADS, put))
  }
  for (const [count, reloads] of [
    [1000, Math.ceil(RELOADS / 4)],
    [10_000, Math.ceil(RELOADS / 12)],
  ] as const) {
    const put = (folder: string): void =>
      writeFileSync(join(folder, 'a.yaml'), generatedFile(count))
    cases.push(await measureReloads(`${count} generated + 1`, reloads, put))
  }
  return {name: 'reload', machine: machine(), cases}
}

async function measureReloads(
  rules: string,
  reloads: number,
  put: (folder: string) => void,
): Promise<ReloadCase> {
  const folder = mkdtempSync(join(tmpdir(), 'detector-reload-'))
  const file = join(folder, 'zz.yaml')
  try {
    put(folder)
    writeFileSync(file, changedRule(0))
    const started = monotonicMs()
    const args = ['-r', folder, '--enable-rule', '*', '-v', '-o', 'kernel_filter=true']
    const detector = await startDetector(args)
    const startMs = Math.round(monotonicMs() - started)
    const kernel = kernelObjects(detector.pid)
    const before = detector.cpuMs()
    const delays: number[] = []
    for (let round = 1; round <= reloads; round++) {
      writeFileSync(join(folder, 'zz.new'), changedRule(round))
      renameSync(join(folder, 'zz.new'), file)
      const saved = monotonicMs()
      delays.push((await inForceSince(detector, round + 1)) - saved)
      await pause(PAUSE_MS)
    }
    const cpuMsEach = Math.round((detector.cpuMs() - before) / reloads)
    const parts = medianParts(detector.said())
    await detector.stop()
    return {
      rules,
      reloads,
      startMs,
      ...kernel,
      medianMs: at(delays, 0.5),
      p99Ms: at(delays, 0.99),
      parts,
      cpuMsEach,
    }
  } finally {
    rmSync(folder, {recursive: true})
  }
}

/** One rule on opens, another path each time. */
function changedRule(round: number): string {
  const condition = `evt.type in (open, openat) and fd.name = /nowhere/${round}`
  const rule = {rule: 'changed', desc: 'd', condition, output: 'x %fd.name', priority: 'NOTICE'}
  return JSON.stringify([rule])
}

async function inForceSince(detector: DetectorRun, generation: number): Promise<number> {
  const line = new RegExp(`generation ${generation} is in force since ([0-9.]+)`)
  const end = monotonicMs() + 60_000
  for (;;) {
    const found = line.exec(detector.said())
    if (found !== null) return Number(found[1])
    if (monotonicMs() > end) throw new Error(`generation ${generation} did not come`)
    await pause(2)
  }
}

/** Medians of what the detector says of its reloads: `name 1.2 ms`. */
function medianParts(said: string): Record<string, number> {
  const byName = new Map<string, number[]>()
  for (const line of said.split('\n').filter(one => one.includes('reload in parts'))) {
    for (const [, name = '', ms] of line.matchAll(/(\w+) ([0-9.]+) ms/g))
      byName.set(name, [...(byName.get(name) ?? []), Number(ms)])
  }
  return Object.fromEntries([...byName].map(([name, times]) => [name, at(times, 0.5)]))
}

/** What a process holds in the kernel, by what its descriptors say of themselves. */
function kernelObjects(
  pid: number,
): Pick<ReloadCase, 'programs' | 'verifiedInstructions' | 'programMib' | 'mapMib'> {
  let [programs, verified, programBytes, mapBytes] = [0, 0, 0, 0]
  const folder = `/proc/${pid}/fdinfo`
  for (const fd of readdirSync(folder)) {
    const text = readFileSync(join(folder, fd), 'latin1')
    const word = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
    if (text.includes('prog_jited:')) {
      programs++
      verified += word('verified_insns')
      programBytes += word('memlock')
    } else if (text.includes('map_type:')) mapBytes += word('memlock')
  }
  const mib = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10
  return {
    programs,
    verifiedInstructions: verified,
    programMib: mib(programBytes),
    mapMib: mib(mapBytes),
  }
}

function at(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return Math.round(sorted[Math.floor(part * (sorted.length - 1))]! * 10) / 10
}
