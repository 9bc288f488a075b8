import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {describe, it} from 'mocha'
import {pageBlocks} from './page-blocks.ts'

/** The module under test; the name of the package would lead to another build. */
const MODULE = new URL('../../src/index.js', import.meta.url).href

function runModule(source: string): string {
  const input = source.replaceAll("from 'detector'", `from '${MODULE}'`)
  return execFileSync(process.execPath, ['--input-type=module'], {input, encoding: 'utf8'})
}

describe('docs/api.md', () => {
  const blocks = pageBlocks('api.md')
  const programs = blocks.filter(({language}) => language === 'js')

  it('follows each program with what it prints', () => {
    assert.ok(programs.length > 5)
    const languages = blocks.map(({language}) => language)
    assert.deepEqual(
      languages,
      programs.flatMap(() => ['js', 'text']),
    )
  })

  for (const [i, {line, text}] of programs.entries()) {
    it(`shows what the program at line ${line} prints`, () => {
      const printed = runModule(text).replace(/[ \t]+$/gm, '')
      assert.equal(printed.trimEnd(), blocks[i * 2 + 1]?.text.trimEnd())
    })
  }
})
