import type {ByteString} from '../schema/bytes.ts'

/** Stands for a directory that is not known, in front of a relative name. */
export const UNKNOWN_DIRECTORY: ByteString = '<UNKNOWN>'

/**
 * Joins a directory and a name and folds `.`, `..` and doubled slashes, as text: links are not followed. An absolute
 * name stands alone. Without a known directory the name goes behind {@link UNKNOWN_DIRECTORY}.
 */
export function resolvePath(directory: ByteString | undefined, name: ByteString): ByteString {
  if (name.startsWith('/')) return foldPath(name)
  if (directory === undefined) return `${UNKNOWN_DIRECTORY}/${name}`
  return foldPath(name === '' ? directory : `${directory}/${name}`)
}

/** Folds `.`, `..` and doubled slashes of an absolute path. */
export function foldPath(path: ByteString): ByteString {
  if (!needsFolding(path)) return path
  const parts: ByteString[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return `/${parts.join('/')}`
}

function needsFolding(path: ByteString): boolean {
  return path.includes('//') || path.includes('/.') || (path.length > 1 && path.endsWith('/'))
}

/** The directory part of a path: all before the last slash, `/` for a name in the root. */
export function directoryOf(path: ByteString): ByteString {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** The last name of a path. */
export function fileNameOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1)
}
