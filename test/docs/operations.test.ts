import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {CAUSE_NAMES, CAUSES} from '../../src/app/ledger/causes.ts'
import {detectorMetrics} from '../../src/app/metrics/detector-metrics.ts'
import {packageRoot} from '../../src/paths.ts'
import {mkReport} from '../support/status-report.ts'

const page = readFileSync(join(packageRoot, 'docs', 'operations.md'), 'utf8')

describe('docs/operations.md', () => {
  it('lists every cause with its group, in the order of the table, and no other', () => {
    const rows = [...page.matchAll(/^\| `([a-z_]+)` +\| (lost|partial|state|blind) +\|/gm)]
    assert.deepEqual(
      rows.map(([, cause, group]) => [cause, group]),
      CAUSE_NAMES.map(cause => [cause, CAUSES[cause].group]),
    )
  })

  it('lists every metric, and no other', () => {
    const rows = [...page.matchAll(/^\| (`(?:detector|process)_.*?) +\|/gm)].map(
      ([, cell]) => cell!,
    )
    const listed = rows.flatMap(cell =>
      [...cell.matchAll(/`([a-z_{},]+)`/g)].map(([, name]) => name!),
    )
    assert.deepEqual(
      listed.flatMap(spelledOut).sort(),
      detectorMetrics(mkReport())
        .map(({name}) => name)
        .sort(),
    )
  })
})

/** `a_{x,y}_b` stands for `a_x_b` and `a_y_b`. */
function spelledOut(name: string): string[] {
  const match = /^(.*)\{(.*)\}(.*)$/.exec(name)
  if (match === null) return [name]
  const [, before = '', middle = '', after = ''] = match
  return middle.split(',').map(part => `${before}${part}${after}`)
}
