import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {replayCapture} from '../../src/app/replay.ts'
import {compileRuleSet, engineRules} from '../../src/app/rules/rule-set.ts'

const RULES = `
- rule: Shadow
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow
  output: "%evt.num %proc.name opened %fd.name"
  priority: WARNING
`

describe('replay of field events', () => {
  let dir: string
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'detector-field-events-'))
  })
  after(() => rmSync(dir, {recursive: true}))

  const cases: readonly {
    name: string
    lines: readonly string[]
    messages: readonly string[]
    judged: number
    brokenLine?: number
  }[] = [
    {
      name: 'gives the alerts, with the numbers of the events',
      lines: [
        '{"evt.type":"openat","fd.name":"/etc/shadow","proc.name":"cat"}',
        '',
        '{"evt.type":"openat","fd.name":"/etc/hosts"}',
        '{"evt.type":"open","fd.name":"/etc/shadow"}',
        '{"evt.type":"openat","fd.name":"/etc/shadow","evt.num":90,"evt.rawtime":5000000000}',
      ],
      messages: ['1 cat opened /etc/shadow', '90 <NA> opened /etc/shadow'],
      judged: 4,
    },
    {
      name: 'ends at a line that is no event, and says which',
      lines: [
        '{"evt.type":"openat","fd.name":"/etc/shadow"}',
        '{"no.field":1}',
        '{"evt.type":"openat","fd.name":"/etc/shadow"}',
      ],
      messages: ['1 <NA> opened /etc/shadow'],
      judged: 1,
      brokenLine: 2,
    },
  ]
  for (const {name, lines, messages, judged, brokenLine} of cases) {
    it(name, async () => {
      const path = join(dir, 'events.jsonl')
      writeFileSync(path, lines.join('\n'))
      const set = compileRuleSet([{name: 'r.yaml', content: RULES}], {
        appendOutput: [],
        selection: [],
        startOff: false,
        minPriority: 'Debug',
        skipInvalidRules: false,
      })
      const seen: string[] = []
      const result = await replayCapture({
        path,
        rules: engineRules(set),
        matching: 'first',
        hostname: 'host',
        onAlert: ({message}) => seen.push(message),
      })
      assert.deepEqual(seen, messages)
      assert.equal(result.judged, judged)
      assert.equal(result.capture.damage?.line, brokenLine)
    })
  }
})
