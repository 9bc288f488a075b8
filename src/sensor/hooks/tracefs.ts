import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'

/** Where tracefs is mounted: by itself since linux v4.1, before that (and still) inside debugfs. */
const ROOTS: readonly string[] = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']

/**
 * The trace events of system calls that this kernel has, as `syscalls/sys_exit_openat`. Undefined where they cannot be
 * looked up: no tracefs, no right to read it, or a kernel without CONFIG_FTRACE_SYSCALLS.
 */
export function readCallEvents(roots: readonly string[] = ROOTS): ReadonlySet<string> | undefined {
  for (const root of roots) {
    const names = tryList(join(root, 'events', 'syscalls'))
    if (names === undefined) continue
    const events = names.filter(name => /^sys_(enter|exit)_/.test(name))
    if (events.length > 0) return new Set(events.map(name => `syscalls/${name}`))
  }
  return undefined
}

/** The kernel's number of a trace event; undefined when it has none. `event` is CATEGORY/NAME. */
export function traceEventId(event: string, roots: readonly string[] = ROOTS): number | undefined {
  if (!/^\w+\/\w+$/.test(event)) throw new Error(`'${event}' is no trace event`)
  for (const root of roots) {
    try {
      const id = Number(readFileSync(join(root, 'events', event, 'id'), 'latin1'))
      if (Number.isSafeInteger(id)) return id
    } catch {
      // Not mounted there, or no such event: the next place may have it.
    }
  }
  return undefined
}

function tryList(folder: string): string[] | undefined {
  try {
    return readdirSync(folder)
  } catch {
    // Not mounted there, or not ours to read.
    return undefined
  }
}
