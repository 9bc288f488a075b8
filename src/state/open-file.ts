import type {Event} from '../schema/event.ts'
import {FD, type FdInfo, newFd, type OpenFile} from './fd.ts'

/** Types of nodes in the upper bits of their mode (linux v6.8 include/uapi/linux/stat.h). */
const S_IFMT = 0o170000
const NODE = {
  pipe: 0o010000,
  characters: 0o020000,
  directory: 0o040000,
  blocks: 0o060000,
  regular: 0o100000,
} as const
const FILES: ReadonlySet<number> = new Set([NODE.characters, NODE.blocks, NODE.regular])

/**
 * The open file behind the event's descriptor by the kernel's word; `value` names it where the event has two. Undefined where
 * it was not captured, and where the number is no descriptor when the call ends.
 */
export function openFileOf(event: Event, value = '$file'): OpenFile | undefined {
  const file = event.get(value)
  if (file === undefined || typeof file === 'string' || file === 0) return undefined
  const node = value === '$file' ? (event.get('$ino') ?? event.get('ino')) : undefined
  return {file, node: typeof node === 'string' ? undefined : node}
}

/**
 * Whether a descriptor is still what it was known as. What was not known of it is taken over.
 */
export function isStill(info: FdInfo, now: OpenFile): boolean {
  const {file, node} = info.identity
  if (file !== undefined && file !== now.file) return false
  if (node !== undefined && now.node !== undefined && node !== now.node) return false
  if (file === undefined || node === undefined)
    info.identity = {file: now.file, node: node ?? now.node}
  return true
}

/** A copy of the descriptor among these that is the same open file: the call that copied it need not have been seen. */
export function copyOf(descriptors: Iterable<FdInfo>, now: OpenFile): FdInfo | undefined {
  for (const info of descriptors) {
    const {file, node} = info.identity
    if (file !== undefined && file === now.file && node === now.node) return {...info}
  }
  return undefined
}

/** What the event itself shows of its descriptor: files, directories and pipes. Undefined for all else. */
export function shownFd(event: Event, identity: OpenFile): FdInfo | undefined {
  const mode = event.get('$mode')
  if (typeof mode !== 'number') return undefined
  const real = event.get('$real')
  const inode = identity.node ?? 0
  const parts = {name: typeof real === 'string' ? real : '', inode, identity}
  const type = mode & S_IFMT
  if (FILES.has(type)) return newFd(FD.file, parts)
  if (type === NODE.directory) return newFd(FD.directory, parts)
  return type === NODE.pipe ? newFd(FD.pipe, {inode, identity}) : undefined
}
