import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {Event} from '../src/schema/event.ts'
import {currentEvent} from '../src/schema/event-table.ts'
import {openCaptureWriter} from '../src/sensor/scap/write/open-capture-writer.ts'
import {blank} from '../src/state/thread.ts'
import {machine} from './harness.ts'

/** What {@link run} yields: replay of one capture beside `sysdig -r` with an equal filter. */
export interface ReplayResult {
  readonly name: 'replay'
  readonly machine: ReturnType<typeof machine>
  readonly events: number
  readonly cases: readonly {
    readonly tool: 'detector' | 'sysdig'
    /** Alerts, or lines printed: equal where both ran. */
    readonly matches: number
    readonly cpuSeconds: number
    /** Start of the program left out: that of a run over a capture of ten events. */
    readonly eventsPerCpuSecond: number
  }[]
}

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const ROUNDS = 1_000_000
const FILES = 50
const PROCESSES = 8
/** Every so many rounds the file is the one that is looked for. */
const RARE = 10_000
const RARE_FILE = '/etc/rare'

/** Opens, reads and closes of a few processes: what most captures are full of. */
export async function run(): Promise<ReplayResult> {
  const folder = mkdtempSync(join(tmpdir(), 'detector-replay-'))
  try {
    const capture = join(folder, 'files.scap')
    const small = join(folder, 'small.scap')
    const events = writeCapture(capture, ROUNDS)
    writeCapture(small, 4)
    const rules = join(folder, 'rules.yaml')
    const condition = `evt.type = openat and fd.name = ${RARE_FILE}`
    const rule = {rule: 'r', desc: 'd', condition, output: 'x', priority: 'NOTICE'}
    writeFileSync(rules, JSON.stringify([rule]))
    const detector = (file: string) => timed(process.execPath, [MAIN, 'replay', file, '-r', rules])
    const filter = `evt.type=openat and evt.dir=< and fd.name=${RARE_FILE}`
    const sysdig = (file: string) => timed('sysdig', ['-r', file, filter])
    const cases: ReplayResult['cases'][number][] = []
    for (const [tool, replay] of [
      ['detector', detector],
      ['sysdig', sysdig],
    ] as const) {
      const start = replay(small)
      const whole = replay(capture)
      if (start === undefined || whole === undefined) continue
      const cpuSeconds = whole.cpuSeconds - start.cpuSeconds
      cases.push({
        tool,
        matches: whole.lines,
        cpuSeconds: Number(cpuSeconds.toFixed(2)),
        eventsPerCpuSecond: Math.round(events / cpuSeconds),
      })
    }
    return {name: 'replay', machine: machine(), events, cases}
  } finally {
    rmSync(folder, {recursive: true})
  }
}

/** Processor time and lines of output of a program; undefined when it is not installed. */
function timed(
  program: string,
  args: readonly string[],
): {readonly cpuSeconds: number; readonly lines: number} | undefined {
  const {error, status, stdout, stderr} = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', program, ...args],
    {encoding: 'utf8', maxBuffer: 1 << 28},
  )
  if (error !== undefined) throw error
  if (status === 127) return undefined
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
  const [user, system] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
  return {cpuSeconds: user! + system!, lines: stdout.split('\n').length - 1}
}

function writeCapture(path: string, rounds: number): number {
  const writer = openCaptureWriter(path)
  writer.machine({cpus: 2, hostname: 'bench', bootNs: 1n})
  for (let tid = 100; tid < 100 + PROCESSES; tid++) {
    const comm = `worker${tid}`
    writer.thread({...blank(tid), pid: tid, parentTid: 1, comm, exe: comm, exePath: '/w', cwd: '/'})
  }
  const [opened, read, closed] = ['openat', 'read', 'close'].map(name => currentEvent(name)!)
  let num = 0
  const put = (def: Event['def'], tid: number, values: Record<string, number | string>): void => {
    const timeNs = 1_700_000_000_000_000_000n + BigInt(++num) * 1000n
    writer.event({
      num,
      def,
      tid,
      cpu: num & 1,
      paramCount: def.params.length,
      live: undefined,
      timeNs: () => timeNs,
      get: name => values[name],
    })
  }
  for (let i = 0; i < rounds; i++) {
    const tid = 100 + (i % PROCESSES)
    const name = i % RARE === 1 ? RARE_FILE : `/usr/lib/x86_64-linux-gnu/lib${i % FILES}.so`
    put(opened!, tid, {fd: 3, dirfd: -100, name, flags: 1, mode: 0, dev: 5, ino: 77})
    put(read!, tid, {res: 10, data: '0123456789', fd: 3, size: 4096})
    put(closed!, tid, {res: 0, fd: 3})
  }
  writer.close()
  return num
}
