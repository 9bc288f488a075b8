import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {describe, it} from 'mocha'
import {runCli} from '../../../src/cli/cli.ts'
import {fakeIo} from '../../support/io.ts'

const script = async (shell: string): Promise<string> => {
  const io = fakeIo()
  assert.equal(await runCli(['completion', shell], io), 0)
  return io.out()
}

describe('completion', () => {
  const cases: {typed: string[]; want: string[]}[] = [
    {typed: ['val'], want: ['validate']},
    {typed: ['list', 'f'], want: ['fields']},
    {typed: ['run', '--prio'], want: ['--priority']},
    {typed: ['run', '--match', 'a'], want: ['all']},
    {typed: ['--dur'], want: ['--duration']},
    {typed: ['eval', '--fil'], want: ['--filter']},
  ]
  for (const {typed, want} of cases) {
    it(`completes detector ${typed.join(' ')} in bash`, async () => {
      const words = ['detector', ...typed].map(word => `'${word}'`).join(' ')
      const test = `${await script('bash')}\nCOMP_WORDS=(${words}) COMP_CWORD=${typed.length}
        _detector\nprintf '%s\\n' "\${COMPREPLY[@]}"`
      const out = execFileSync('bash', ['--norc'], {input: test, encoding: 'utf8'})
      assert.deepEqual(out.trim().split('\n'), want)
    })
  }

  it('describes commands for zsh and fish', async () => {
    assert.match(await script('zsh'), /'validate:Check rule files/)
    assert.match(await script('fish'), /-a validate -d 'Check rule files/)
  })

  it('refuses other shells', async () => {
    assert.equal(await runCli(['completion', 'tcsh'], fakeIo()), 2)
  })
})
