import type {ByteString} from '../schema/bytes.ts'
import {CGROUP_SUBSYSTEMS, SLOT_FLAG} from '../schema/record-layout.ts'

/** Makes paths of the names that walks in the kernel bring: last one first, each closed by a NUL. */

const ON_DEFAULT_HIERARCHY = '/'

/**
 * The control groups in the form of captures: `subsystem=path`, NUL-terminated. Subsystems of the default hierarchy all get
 * its path. Of a walk that was cut, what is whole.
 */
export function cgroupTexts(names: ByteString): ByteString {
  let at = 0
  const nextPath = (): ByteString | undefined => {
    const parts: ByteString[] = []
    for (;;) {
      const end = names.indexOf('\0', at)
      if (end < 0) return undefined
      const name = names.slice(at, end)
      at = end + 1
      if (name === ON_DEFAULT_HIERARCHY) return name
      if (name === '') return `/${parts.reverse().join('/')}`
      parts.push(name)
    }
  }
  const common = nextPath()
  let texts = ''
  for (const subsystem of CGROUP_SUBSYSTEMS) {
    const path = nextPath()
    if (path === undefined || common === undefined) break
    texts += `${subsystem}=${path === ON_DEFAULT_HIERARCHY ? common : path}\0`
  }
  return texts
}

/**
 * Turns the names of a walk (last one first, each closed by a NUL) into a path; a tree that hangs nowhere gives one without
 * a slash in front. Undefined without a walk, and for one that was cut.
 */
export function pathFromNames(names: ByteString, flags: number): ByteString | undefined {
  const isDetached = (flags & SLOT_FLAG.detached) !== 0
  if ((flags & SLOT_FLAG.cut) !== 0 || (!isDetached && (flags & SLOT_FLAG.whole) === 0))
    return undefined
  const path = names.split('\0').slice(0, -1).reverse().join('/')
  return isDetached ? path : `/${path}`
}
