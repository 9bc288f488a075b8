import assert from 'node:assert/strict'
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {parse} from 'yaml'
import {packageRoot} from '../../src/paths.ts'
import {liveRulesPage} from './live-rules-page.ts'
import {LEFT_OUT, ROWS} from './rows.ts'

const PUBLIC_RULES = join(packageRoot, '..', 'shared', 'public-rules')
const PAGE = join(packageRoot, 'docs', 'live-rules.md')

function rulesIn(file: string): string[] {
  const items = parse(readFileSync(join(PUBLIC_RULES, file), 'utf8')) as {rule?: string}[]
  return items.flatMap(({rule}) => rule ?? [])
}

describe('the table of live rules', () => {
  it('has each public rule once, and no other', function () {
    if (!existsSync(PUBLIC_RULES)) {
      console.log(`      skipping: no ${PUBLIC_RULES}`)
      this.skip()
    }
    const files = readdirSync(PUBLIC_RULES).filter(name => name.endsWith('.yaml'))
    const listed = [...ROWS, ...LEFT_OUT].map(({rule}) => rule)
    assert.deepEqual(listed.toSorted(), files.flatMap(rulesIn).toSorted())
  })

  it('is docs/live-rules.md (UPDATE_GOLDEN=1 writes it)', () => {
    const text = liveRulesPage()
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(PAGE, text)
    assert.equal(readFileSync(PAGE, 'utf8'), text)
  })
})
