import assert from 'node:assert/strict'
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {packageRoot} from '../../src/paths.ts'

/**
 * Compares a text with the file `test/testdata/golden/NAME`. With `UPDATE_GOLDEN=1` the file is written instead, to be
 * reviewed in the diff.
 *
 * @param name file name below the folder, with its extension: `cli/help.txt`
 */
export function assertGolden(name: string, text: string): void {
  const path = join(packageRoot, 'test', 'testdata', 'golden', name)
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), {recursive: true})
    writeFileSync(path, text)
    return
  }
  assert.ok(existsSync(path), `no golden file ${path}: run UPDATE_GOLDEN=1 npm test and review it`)
  assert.equal(text, readFileSync(path, 'utf8'), `${name} differs: UPDATE_GOLDEN=1 npm test`)
}
