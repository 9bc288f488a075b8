import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {runEval} from '../../../src/cli/commands/eval.ts'

const LIBRARY = `
- list: shells
  items: [bash, sh]
- macro: shell
  condition: proc.name in (shells)
`

async function run(filter: string, events: string, macros?: string): Promise<[number, unknown[]]> {
  let out = ''
  const exitCode = await runEval(
    {filter, events: 'events', macros: macros === undefined ? undefined : 'rules.yaml'},
    {
      stdout: text => {
        out += text
      },
      stderr: () => {},
      readInput: async path => (path === 'events' ? events : macros!),
    },
  )
  return [
    exitCode,
    out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
  ]
}

describe('eval', () => {
  it('answers each line', async () => {
    const events = '{"proc.name":"a"}\n\n{"proc.name":"b"}\r\n{}'
    assert.deepEqual(await run('proc.name = a', events), [
      0,
      [{match: true}, {match: false}, {match: false}],
    ])
  })

  it('reports a line that is no event and goes on', async () => {
    const [exitCode, lines] = await run('proc.name = a', '{"proc.name":1}\n{"proc.name":"a"}')
    assert.equal(exitCode, 1)
    assert.equal((lines[0] as {error: {code: string}}).error.code, 'EVENT_INVALID')
    assert.deepEqual(lines[1], {match: true})
  })

  it('refuses a filter once', async () => {
    for (const filter of ['proc.name =', 'no.such = 1', 'shell', 'evt.type = nosuch']) {
      const [exitCode, lines] = await run(filter, '{}\n{}')
      assert.equal(exitCode, 1)
      assert.equal(lines.length, 1)
      assert.equal((lines[0] as {error: {code: string}}).error.code, 'LOAD_ERR_COMPILE_CONDITION')
    }
  })

  it('takes macros and lists from a rule file', async () => {
    const events = '{"proc.name":"sh"}\n{"proc.name":"cat"}'
    const want = [0, [{match: true}, {match: false}]]
    assert.deepEqual(await run('shell', events, LIBRARY), want)
    assert.deepEqual(await run('proc.name in (shells)', events, LIBRARY), want)
  })

  it('takes a filter with quotes and line ends next to macros as it is', async () => {
    const filter = 'proc.name = "a\\"b: \\n- x" or\n shell'
    assert.deepEqual(await run(filter, '{"proc.name":"a\\"b: \\n- x"}', LIBRARY), [
      0,
      [{match: true}],
    ])
  })

  it('reports a broken rule file', async () => {
    const [exitCode, lines] = await run('shell', '{}', '- macro: x\n')
    assert.equal(exitCode, 1)
    assert.equal((lines[0] as {error: {code: string}}).error.code, 'LOAD_ERR_YAML_VALIDATE')
  })
})
