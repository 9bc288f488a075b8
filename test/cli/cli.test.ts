import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {runCli} from '../../src/cli/cli.ts'
import {COMMANDS} from '../../src/cli/commands.ts'
import {FIELDS} from '../../src/schema/field-table.ts'
import {assertGolden} from '../support/golden.ts'
import {fakeIo} from '../support/io.ts'

const run = async (...argv: string[]) => {
  const io = fakeIo()
  const code = await runCli(argv, io)
  return {code, out: io.out(), err: io.err()}
}

describe('runCli', () => {
  it('prints the overview', async () => {
    const {code, out} = await run('help')
    assert.equal(code, 0)
    assertGolden('cli/help.txt', out)
    assert.equal((await run('--help')).out, out)
  })

  for (const {name} of COMMANDS) {
    it(`prints the help of ${name}`, async () => {
      const {code, out} = await run('help', name)
      assert.equal(code, 0)
      assertGolden(`cli/help-${name}.txt`, out)
      assert.equal((await run(name, '--help')).out, out)
      assert.deepEqual(
        out.split('\n').filter(line => line.length > 100),
        [],
      )
    })
  }

  it('tells usage errors on standard error and ends with 2', async () => {
    const {code, out, err} = await run('vershun')
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /unknown command "vershun"\n.*did you mean version/)
    assert.equal((await run('help', 'vershun')).code, 2)
  })

  it('shows its version', async () => {
    const {code, out} = await run('version')
    assert.equal(code, 0)
    assert.match(out, /^detector \d+\.\d+\.\d+ \(node .+, kernel .+\)\n$/)
    const facts = JSON.parse((await run('version', '--json')).out) as Record<string, string>
    assert.deepEqual(Object.keys(facts), ['version', 'node', 'kernel', 'arch'])
  })

  it('lists fields with type, argument and description', async () => {
    const {code, out} = await run('list', 'fields')
    assert.equal(code, 0)
    assert.match(out, /proc\.aname \(string; argument .+, optional\)\n {4}\S/)
    const names = (await run('-N')).out.split('\n').slice(0, -1)
    assert.deepEqual(
      names,
      FIELDS.map(field => field.name),
    )
    const json = JSON.parse((await run('list', 'fields', '--json')).out) as {name: string}[]
    assert.equal(json.length, FIELDS.length)
  })

  it('lists the events of today', async () => {
    const {out} = await run('list', 'events')
    assert.match(out, /^ {2}openat \(file\)\n {4}fd: fd, .*name: /m)
    const json = JSON.parse((await run('list', 'events', '--json')).out) as {name: string}[]
    assert.equal(json.filter(event => event.name === 'openat').length, 1)
  })

  describe('list', () => {
    let folder: string
    let file: string
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'list-'))
      file = join(folder, 'a.yaml')
      const text = `
- list: readers
  items: [cat, tac]
- macro: reads
  condition: proc.name in (readers)
- rule: One
  desc: The first one
  condition: evt.type = open and reads
  output: read %fd.name
  priority: ERROR
  tags: [b, a]
- rule: Two
  desc: The second one
  condition: evt.type = open and proc.name = x
  output: x
  priority: INFO
  enabled: false
`
      writeFileSync(file, text, {mode: 0o600})
      writeFileSync(join(folder, 'bad.yaml'), '- rule: Bad\n', {mode: 0o600})
    })
    after(() => rmSync(folder, {recursive: true}))

    const cases: {argv: string[]; want: string}[] = [
      {
        argv: ['list', 'rules'],
        want: 'One (Error, a, b)\n    The first one\nTwo (Informational, off)\n    The second one\n',
      },
      {argv: ['list', 'macros'], want: 'reads\n    proc.name in ( cat, tac )\n'},
      {argv: ['list', 'lists'], want: 'readers (2)\n    cat, tac\n'},
      {argv: ['-l', 'One'], want: 'One (Error, a, b)\n    The first one\n'},
    ]
    for (const {argv, want} of cases) {
      it(`prints ${argv.join(' ')}`, async () => {
        const {code, out} = await run(...argv, '-r', file)
        assert.deepEqual([code, out], [0, want])
      })
    }

    it('prints JSON', async () => {
      const {out} = await run('list', 'rules', '--json', '-r', file)
      const [one] = JSON.parse(out) as Record<string, unknown>[]
      assert.deepEqual(one, {
        name: 'One',
        desc: 'The first one',
        priority: 'Error',
        tags: ['a', 'b'],
        enabled: true,
        source: 'syscall',
        output: 'read %fd.name',
        file,
      })
    })

    it('takes the rule files of the configuration', async () => {
      const {out} = await run('list', 'lists', '-o', `rules=[${file}]`)
      assert.match(out, /^readers/)
    })

    it('lists what is valid and ends with 1 when a file is not', async () => {
      const {code, out, err} = await run(
        'list',
        'rules',
        '-r',
        file,
        '-r',
        join(folder, 'bad.yaml'),
      )
      assert.equal(code, 1)
      assert.match(out, /^One/)
      assert.match(err, /bad\.yaml/)
    })

    it('ends with 2 for a rule that is not there', async () => {
      assert.equal((await run('-l', 'Three', '-r', file)).code, 2)
    })
  })
})
