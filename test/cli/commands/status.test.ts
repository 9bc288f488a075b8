import assert from 'node:assert/strict'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {type ControlServer, openControlServer} from '../../../src/app/control/control-server.ts'
import {runStatus} from '../../../src/cli/commands/status/status.ts'
import {statusText} from '../../../src/cli/commands/status/status-text.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {mkReport} from '../../support/status-report.ts'

describe('detector status', () => {
  let folder: string
  let server: ControlServer | undefined

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'detector-status-'))
  })
  afterEach(async () => {
    await server?.close()
    rmSync(folder, {recursive: true, force: true})
  })

  const run = async (result: unknown, json = false) => {
    const path = join(folder, 'c.sock')
    const handlers = new Map([['status', async () => result]])
    server = await openControlServer({path, ownsFolder: false, handlers})
    let out = ''
    const args = {socket: undefined, config: undefined, json, color: false}
    const code = await runStatus(
      {...args, overrides: [`control.socket=${path}`]},
      {
        env: {},
        stdout: text => {
          out += text
        },
      },
    )
    return {code, out}
  }

  const nothing = mkReport({missed: {totals: [], entries: [], forgotten_entries: 0}})
  const {missed} = mkReport()
  const codes: {name: string; report: unknown; want: number}[] = [
    {name: 'nothing was lost', report: nothing, want: 0},
    {name: 'events were lost', report: mkReport(), want: 1},
    {name: 'it does not watch', report: {...nothing, state: 'restarting'}, want: 1},
    {
      name: 'counts disagree',
      report: {...nothing, imbalances: [{where: 'a', what: 'b', expected: 1, found: 2}]},
      want: 1,
    },
    {
      name: 'values were cut',
      report: {
        ...nothing,
        missed: {...missed, totals: [{...missed.totals[0], cause: 'cut', group: 'partial'}]},
      },
      want: 0,
    },
  ]
  for (const {name, report, want} of codes) {
    it(`ends with ${want} when ${name}`, async () => {
      assert.equal((await run(report)).code, want)
    })
  }

  it('prints the report as one line of JSON', async () => {
    const {out} = await run(mkReport(), true)
    assert.deepEqual(JSON.parse(out), mkReport())
    assert.equal(out.indexOf('\n'), out.length - 1)
  })

  for (const odd of [null, 3, {}, {version: 1}, {...mkReport(), version: 2}]) {
    it(`does not take ${JSON.stringify(odd)?.slice(0, 20)} for a report`, async () => {
      await assert.rejects(
        run(odd),
        (error: unknown) => error instanceof CodedError && error.code === 'CONTROL_NO_ANSWER',
      )
    })
  }
})

describe('the page of a status', () => {
  const page = statusText(mkReport(), false)
  const wants = [
    'detector 1.2.3 (pid 7) on host, kernel 6.18.0: watching',
    'up 1 h 2 min since 2026-01-02T03:04:05.000Z',
    '3 rules, generation 2, kernel filter on',
    '100 events seen (38.0 % left the kernel)',
    "  2 events: the ring buffer was full (openat 2); concerns rule 'opens'",
    'ring buffers: state 0.0 % of 4 MiB, bulk 50.0 % of 16 MiB',
  ]
  for (const want of wants)
    it(`says: ${want}`, () => assert.ok(page.split('\n').includes(want), page))

  it('says that nothing was missed', () => {
    const text = statusText(
      mkReport({missed: {totals: [], entries: [], forgotten_entries: 0}}),
      false,
    )
    assert.ok(text.includes('missed: nothing'))
  })

  it('gives the terminal no controls from names', () => {
    const {detection} = mkReport()
    const name = '\u001b[31mred\u0007\r\nnext'
    const text = statusText(
      mkReport({
        hostname: name,
        detection: {...detection!, alerts: {...detection!.alerts, by_rule: {[name]: 1}}},
      }),
      false,
    )
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f]/)
    assert.ok(!text.includes('\nnext'))
  })

  it('holds before detection has answered', () => {
    const text = statusText(mkReport({detection: null, stages: [], state: 'starting'}), false)
    assert.match(text, /: starting\n/)
  })

  it('is coloured on demand', () => {
    assert.match(statusText(mkReport(), true), /\u001b\[32mwatching\u001b\[0m/)
  })
})
