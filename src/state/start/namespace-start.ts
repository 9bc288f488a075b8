import {type ProcSource, readLink, readStart, TICK_NS} from './proc-source.ts'
import {parseStat, parseStatus, type StatusText} from './proc-text.ts'

/** Parents looked at on the way to the init of a pid namespace. */
const MAX_PARENTS = 64

/**
 * When the init of a process's pid namespace started, nanoseconds from the epoch; 0n when it is not found. It is looked for
 * among the processes read so far and among the parents: a folder inside the process's own root is never opened, since what
 * is mounted there is in the hands of the process.
 */
export function namespaceStart(proc: ProcSource, pid: number, status: StatusText): bigint {
  const isNested = status.pids.length > 1
  const namespace = isNested ? readLink(`${proc.root}/${pid}/ns/pid`) : ''
  if (namespace === undefined) return 0n
  const known = proc.namespaceStarts.get(namespace)
  if (known !== undefined) return known
  const init = isNested ? initAbove(proc, pid, status) : 1
  const start = init === undefined ? 0n : startOf(proc, init)
  // One that is not found now may be found from another process.
  if (start !== 0n) proc.namespaceStarts.set(namespace, start)
  return start
}

function initAbove(proc: ProcSource, pid: number, status: StatusText): number | undefined {
  const depth = status.pids.length
  let at = pid
  let from = status
  for (let n = 0; n < MAX_PARENTS && from.pids.length === depth; n++) {
    if (from.pids.at(-1) === 1) return at
    at = from.parentPid
    const text = at === 0 ? undefined : readStart(proc, `${proc.root}/${at}/status`)
    if (text === undefined) return undefined
    from = parseStatus(text)
  }
  return undefined
}

function startOf(proc: ProcSource, pid: number): bigint {
  const stat = parseStat(readStart(proc, `${proc.root}/${pid}/stat`) ?? '')
  return stat === undefined ? 0n : proc.bootNs + BigInt(stat.startTicks * TICK_NS)
}
