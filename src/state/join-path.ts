import type {ByteString} from '../schema/bytes.ts'
import {foldPath} from './path.ts'

/** Joins a directory and a name and folds the result; an absolute name stands alone, an unknown directory is left as it is. */
export function joinPath(directory: ByteString, name: ByteString): ByteString {
  if (name.startsWith('/')) return foldPath(name)
  const slash = directory === '' || directory.endsWith('/') ? '' : '/'
  const path = `${directory}${slash}${name}`
  return path.startsWith('/') ? foldPath(path) : path
}
