import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {packageRoot} from '../paths.ts'

let known: string | undefined

/** The version of this package. */
export function packageVersion(): string {
  if (known === undefined) {
    const manifest = readFileSync(join(packageRoot, 'package.json'), 'utf8')
    known = (JSON.parse(manifest) as {version: string}).version
  }
  return known
}
