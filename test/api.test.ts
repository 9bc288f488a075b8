import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import * as api from '../src/index.ts'
import {packageRoot} from '../src/paths.ts'
import {assertGolden} from './support/golden.ts'

const REEXPORT = /export (type )?\{([^{}]*)\} from '\.\/[\w./-]+\.ts'/g

/** Names that the public module re-exports; types are marked. */
function exportedNames(source: string): {readonly values: string[]; readonly types: string[]} {
  const values: string[] = []
  const types: string[] = []
  for (const [, type, list = ''] of source.matchAll(REEXPORT)) {
    for (const written of list.split(',').map(name => name.trim())) {
      if (written === '') continue
      const name = written.replace(/^type /, '')
      if (type !== undefined || name !== written) types.push(name)
      else values.push(name)
    }
  }
  return {values: values.sort(), types: types.sort()}
}

describe('public API', () => {
  const source = readFileSync(join(packageRoot, 'src', 'index.ts'), 'utf8')
  const {values, types} = exportedNames(source)

  it('consists of explicit re-exports only', () => {
    const rest = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(REEXPORT, '')
    assert.equal(rest.trim(), '')
  })

  it('has the values that it names', () => {
    assert.deepEqual(Object.keys(api).sort(), values)
  })

  it('has exactly the names of test/api.golden.txt', () => {
    const lines = [...values, ...types.map(name => `type ${name}`)]
    assertGolden('../../api.golden.txt', `${lines.join('\n')}\n`)
  })
})
