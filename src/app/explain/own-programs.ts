import {readdirSync, readFileSync} from 'node:fs'
import {enableStats, listObjects} from '../../sensor/bpf-syscall.ts'

/** How often a program of this process ran, and for how long. */
export interface ProgramRuns {
  readonly name: string
  readonly runs: number
  readonly timeNs: number
}

/** Switches the kernel's counting of program runs on until the descriptor is closed. It costs each run some 20 ns. */
export function countProgramRuns(): number {
  return enableStats()
}

/**
 * The runs of every program that this process has loaded, by program id. A program that others jump to does not count: its time
 * is that of the program which jumped.
 */
export function readOwnPrograms(): ReadonlyMap<number, ProgramRuns> {
  const own = ownProgramIds()
  return new Map(
    listObjects('program')
      .filter(({id}) => own.has(id))
      .map(({id, name, runCount, runTimeNs}) => [
        id,
        {name, runs: Number(runCount), timeNs: Number(runTimeNs)},
      ]),
  )
}

/** From the descriptors of this process: other detectors may run beside it. */
function ownProgramIds(): ReadonlySet<number> {
  const ids = new Set<number>()
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    const id = /^prog_id:\s*(\d+)$/m.exec(readInfo(fd))?.[1]
    if (id !== undefined) ids.add(Number(id))
  }
  return ids
}

function readInfo(fd: string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')
  } catch {
    // Closed since the folder was listed, as the one that listed it is.
    return ''
  }
}
