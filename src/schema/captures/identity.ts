import type {CaptureDef, Source} from '../capture.ts'
import type {EventDef} from '../event-pair.ts'
import {inode} from './rows.ts'

/**
 * The identity of the file behind a descriptor, for a state that does not see every call which opens or closes one: a
 * number that means another file than it did is found out by it.
 *
 *     $file  address of the kernel's open file   $ino  number of its node   $file2  of the second of a pair
 *     $mode  type and permissions of the node    $real its path
 */
export const IDENTITY = ['$file', '$file2', '$ino'] as const
/** What a descriptor is that the state has not seen before. */
export const SHOWN_FILE = ['$mode', '$real'] as const

/** Descriptor parameters in the order in which they say what an event is about. */
export const FD_PARAMS = ['fd', 'oldfd', 'out_fd', 'fd_in', 'fdin', 'dirfd', 'linkdirfd'] as const
/** Those of directories that names are relative to. */
export const DIRECTORY_PARAMS: ReadonlySet<string> = new Set(['dirfd', 'linkdirfd'])

/** Kinds whose descriptor is gone when the call ends, or that work on a range of them. */
const CLOSING: ReadonlySet<string> = new Set(['close', 'close_range'])

/** The row with the identity of the descriptor that the event uses or makes as values on demand. */
export function withIdentity(capture: CaptureDef, def: EventDef | undefined): CaptureDef {
  if (def === undefined || CLOSING.has(capture.kind)) return capture
  const fd = descriptorOf(capture, def)
  if (fd === undefined) return capture
  const {values} = capture
  const more: Record<string, Source> = {}
  if (values['$file'] === undefined) more['$file'] = {from: 'file', fd}
  if (values['$ino'] === undefined && values['ino'] === undefined) more['$ino'] = inode('$file')
  if (values['fd2'] !== undefined) more['$file2'] = {from: 'file', fd: 'fd2'}
  if (usesDescriptor(def)) {
    more['$mode'] = {from: 'fileNumber', of: '$file', path: ['f_inode', 'i_mode']}
    if (values['$real'] === undefined) more['$real'] = {from: 'filePath', of: '$file'}
  }
  const added = Object.keys(more)
  if (added.length === 0) return capture
  return {
    ...capture,
    values: {...values, ...more},
    onDemand: [...(capture.onDemand ?? []), ...added],
  }
}

/** Whether the event is about a descriptor that was there before. */
function usesDescriptor({flags}: EventDef): boolean {
  return flags.includes('uses_fd')
}

/** Argument or value that holds the descriptor. */
function descriptorOf({values, kind}: CaptureDef, def: EventDef): number | string | undefined {
  if (usesDescriptor(def)) {
    for (const name of FD_PARAMS) {
      const value = values[name]
      if (value !== undefined && 'from' in value && value.from === 'arg') return value.index
    }
    return undefined
  }
  if (!def.flags.includes('creates_fd')) return undefined
  if (values['fd1'] !== undefined) return kind === 'socketpair' ? 'fd1' : undefined
  return Object.entries(values).find(([, value]) => 'from' in value && value.from === 'ret')?.[0]
}
