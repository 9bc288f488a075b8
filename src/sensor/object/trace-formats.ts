import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {CodedError} from '../../diagnostics/error.ts'

const ROOTS: readonly string[] = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']
/** Kernels have about 2,500 trace events. */
const MAX_EVENTS = 50_000
const MAX_FORMAT_CHARACTERS = 65_536

/** A value that programs find in the context of a trace event. */
export interface TraceArgument {
  readonly name: string
  /** As C declares it: `const char *`, `char[16]`. */
  readonly type: string
  /** In bytes, from the start of the context. */
  readonly offset: number
  readonly size: number
}

/** A trace event of this kernel. */
export interface TraceEvent {
  /** CATEGORY/NAME. */
  readonly name: string
  readonly arguments: readonly TraceArgument[]
}

/**
 * The trace events whose name passes, by name.
 * @throws CodedError SENSOR_UNSUPPORTED when tracefs cannot be read
 */
export function listTraceEvents(
  wants: (name: string) => boolean,
  roots: readonly string[] = ROOTS,
): TraceEvent[] {
  for (const root of roots) {
    const names = eventNames(join(root, 'events'))
    if (names.length === 0) continue
    return names
      .filter(wants)
      .slice(0, MAX_EVENTS)
      .sort()
      .map(name => ({name, arguments: tryArguments(join(root, 'events', name, 'format'))}))
  }
  throw new CodedError('SENSOR_UNSUPPORTED', 'the trace events of this kernel cannot be read', {
    hint: 'run as root, with tracefs mounted: mount -t tracefs tracefs /sys/kernel/tracing',
  })
}

function eventNames(folder: string): string[] {
  return folders(folder).flatMap(category =>
    folders(join(folder, category)).map(name => `${category}/${name}`),
  )
}

function folders(path: string): string[] {
  try {
    return readdirSync(path, {withFileTypes: true})
      .filter(entry => entry.isDirectory())
      .map(({name}) => name)
  } catch {
    // Not mounted there, or not ours to read.
    return []
  }
}

/** Events of the tracer itself have no format: no arguments then. */
function tryArguments(path: string): TraceArgument[] {
  try {
    return parseFormat(readFileSync(path, 'latin1'))
  } catch {
    return []
  }
}

/** The arguments in a `format` file of tracefs, without the fields that every event begins with. */
export function parseFormat(text: string): TraceArgument[] {
  const found: TraceArgument[] = []
  const line = /^\tfield:([^;\n]{1,512});\toffset:(\d{1,6});\tsize:(\d{1,6});/gm
  for (const [, declared = '', offset, size] of text
    .slice(0, MAX_FORMAT_CHARACTERS)
    .matchAll(line)) {
    const parts = /^(.*?)(\w+)(\[[^\]]*\])?$/.exec(declared)
    const [, type = '', name = declared, length = ''] = parts ?? []
    if (name.startsWith('common_')) continue
    found.push({name, type: `${type.trim()}${length}`, offset: Number(offset), size: Number(size)})
  }
  return found
}
