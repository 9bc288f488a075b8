import {lstatSync, readdirSync, readlinkSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'

/** As many symbolic links in a row as the kernel follows. */
const MAX_LINKS = 40
/** Links inside one rule folder that are followed; the poll covers the rest. */
const MAX_FOLLOWED = 1000

/**
 * Which folders an observer of some paths has to watch. `content`: rule files lie in it, any change may matter.
 * `outline`: it only holds a folder or a symbolic link on the way there, so only a change of the shape matters.
 */
export interface WatchShape {
  readonly folders: ReadonlyMap<string, 'content' | 'outline'>
  /** Changes when a folder or link on the way was replaced, appeared or went. */
  readonly fingerprint: string
}

/** Looks at paths as they are now, links included. Paths that do not exist count up to their last existing folder. */
export function watchShape(paths: readonly string[]): WatchShape {
  const folders = new Map<string, 'content' | 'outline'>()
  const facts: string[] = []
  const add = (folder: string, part: 'content' | 'outline'): void => {
    if (folders.get(folder) !== 'content') folders.set(folder, part)
  }

  /** The real path, noting every link passed; undefined where the way ends. */
  const follow = (path: string): string | undefined => {
    const left = path.split('/').filter(part => part !== '')
    let at = '/'
    let links = 0
    while (left.length > 0) {
      const part = left.shift()!
      if (part === '.') continue
      const next = part === '..' ? dirname(at) : join(at, part)
      const stat = lstatSync(next, {throwIfNoEntry: false})
      if (
        stat === undefined ||
        (left.length > 0 && !stat.isDirectory() && !stat.isSymbolicLink())
      ) {
        add(at, 'outline')
        facts.push(`${next} missing`)
        return undefined
      }
      if (!stat.isSymbolicLink()) {
        at = next
        continue
      }
      if (++links > MAX_LINKS) return undefined
      const target = readlinkSync(next)
      add(at, 'outline')
      facts.push(`${next} -> ${target}`)
      left.unshift(...target.split('/').filter(piece => piece !== ''))
      if (target.startsWith('/')) at = '/'
    }
    return at
  }

  const visit = (path: string, mayList: boolean): void => {
    const real = follow(path)
    if (real === undefined) return
    const stat = lstatSync(real)
    facts.push(`${real} ${stat.dev}:${stat.ino}`)
    add(dirname(real), stat.isDirectory() ? 'outline' : 'content')
    if (!stat.isDirectory()) return
    add(real, 'content')
    if (!mayList) return
    const links = readdirSync(real, {withFileTypes: true}).filter(entry => entry.isSymbolicLink())
    for (const entry of links.slice(0, MAX_FOLLOWED)) visit(join(real, entry.name), false)
  }

  for (const path of paths) {
    try {
      visit(resolve(path), true)
    } catch (error) {
      // Something went away or may not be read while we looked: the next event or poll looks again.
      facts.push(`${path} ${(error as NodeJS.ErrnoException).code}`)
    }
  }
  return {folders, fingerprint: facts.join('\n')}
}

/** Device and inode of a folder; empty when it is not there. A folder that comes back under its name has another one. */
export function identity(folder: string): string {
  const stat = lstatSync(folder, {throwIfNoEntry: false})
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`
}
