import assert from 'node:assert/strict'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {parseCommandLine} from '../../../src/cli/args.ts'
import {COMMANDS} from '../../../src/cli/commands.ts'
import {fakeIo} from '../../support/io.ts'
import {openBlock, processBlock, sectionBlock} from '../../support/scap-file.ts'

const RULES = `
- rule: Opened
  desc: d
  condition: evt.type = open and fd.name startswith /etc
  output: opened %fd.name by %proc.name
  priority: WARNING
  tags: [files]
`

describe('detector replay', () => {
  let dir: string
  let capture: string
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'detector-replay-'))
    capture = join(dir, 'a.scap')
    const blocks = [
      sectionBlock(),
      processBlock({tid: 7}),
      openBlock(7, 3, '/etc/x'),
      openBlock(7, 4, '/tmp/y'),
    ]
    writeFileSync(capture, Buffer.concat(blocks))
    writeFileSync(join(dir, 'cut.scap'), Buffer.concat(blocks).subarray(0, -6))
    writeFileSync(join(dir, 'r.yaml'), RULES)
    writeFileSync(join(dir, 'detector.yaml'), '{}')
  })
  after(() => rmSync(dir, {recursive: true}))

  async function replay(
    ...args: readonly string[]
  ): Promise<{code: number; out: string; err: string}> {
    const io = fakeIo()
    const line = ['replay', ...args, '-c', join(dir, 'detector.yaml'), '-r', join(dir, 'r.yaml')]
    const parsed = parseCommandLine(line, COMMANDS)
    assert.equal(parsed.kind, 'run')
    const code = await parsed.parsed.command.run(parsed.parsed, io)
    return {code, out: io.out(), err: io.err()}
  }

  it('prints the alerts and ends with 0', async () => {
    const {code, out, err} = await replay(capture, '--iso-time')
    assert.equal(out, '1970-01-01T00:00:05.000000000+0000: Warning opened /etc/x by cat\n')
    assert.deepEqual([code, err], [0, ''])
  })

  it('prints JSON', async () => {
    const {out} = await replay(capture, '--json')
    const {rule, output_fields: fields} = JSON.parse(out)
    assert.equal(rule, 'Opened')
    assert.deepEqual(fields, {'evt.time': 5_000_000_000, 'fd.name': '/etc/x', 'proc.name': 'cat'})
  })

  it('obeys the selection of rules', async () => {
    assert.equal((await replay(capture, '--exclude-tag', 'files')).out, '')
    assert.equal((await replay(capture, '--priority', 'error')).out, '')
  })

  it('writes the summary', async () => {
    const summary = join(dir, 's.json')
    await replay(capture, '--summary', summary)
    assert.deepEqual(JSON.parse(readFileSync(summary, 'utf8')), {
      events: 2,
      skipped: 0,
      alerts: 1,
      duration_ms: 0,
      by_rule: {Opened: 1},
      by_priority: {Warning: 1},
      truncated: false,
    })
  })

  it('gives what a cut capture holds, names the place, and ends with 1', async () => {
    const {code, out, err} = await replay(join(dir, 'cut.scap'))
    assert.equal(code, 1)
    assert.match(out, /opened \/etc\/x/)
    assert.match(err, /damaged at offset \d+/)
  })
})
