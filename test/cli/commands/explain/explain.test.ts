import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {explainRules} from '../../../../src/app/explain/explain-rules.ts'
import {chooseRules} from '../../../../src/app/explain/select-rules.ts'
import {compileRuleSet} from '../../../../src/app/rules/rule-set.ts'
import {runCli} from '../../../../src/cli/cli.ts'
import {setJson} from '../../../../src/cli/commands/explain/rules-json.ts'
import {rulesText, setText, tableText} from '../../../../src/cli/commands/explain/rules-text.ts'
import {CodedError} from '../../../../src/diagnostics/error.ts'
import {assertGolden} from '../../../support/golden.ts'
import {fakeIo} from '../../../support/io.ts'

const RULES = `
- list: tools
  items: [dpkg, rpm, apt, dnf, yum, zypper, pacman, apk, snap, flatpak]
- macro: trusted
  condition: (proc.name in (tools) or proc.pname = cron)
- macro: made
  condition: evt.type in (mkdir, mkdirat) and evt.rawres = 0
- rule: Folder made below etc
  desc: d
  condition: made and fs.path.name startswith /etc/ and not trusted and fs.path.name regex "x$"
  output: o %user.name
  priority: WARNING
- rule: Shell talks
  desc: d
  condition: evt.type = dup2 and fd.typechar = 4 and proc.name = sh
  output: o
  priority: NOTICE
- rule: Not running
  desc: d
  condition: evt.type = ptrace and evt.arg.request = PTRACE_ATTACH
  output: o
  priority: NOTICE
  enabled: false
- rule: Opened
  desc: d
  condition: evt.type = openat and (fd.name in (/etc/a, /etc/b) or fd.name startswith /opt) and not trusted
  output: o
  priority: NOTICE
`
const EVENTS = [
  '{"evt.type":"openat","fd.name":"/etc/b","proc.name":"\\u001b[31mx","proc.pid":7}',
  '{"evt.type":"openat","fd.name":"/opt/x","proc.name":"rpm","fd.num":9007199254740993}',
  '{"evt.type":"mkdir","evt.rawres":-13}',
]

describe('detector explain', () => {
  let dir: string
  let rules: string
  let events: string
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'detector-explain-'))
    rules = join(dir, 'rules.yaml')
    events = join(dir, 'events.jsonl')
    writeFileSync(rules, RULES, {mode: 0o600})
    writeFileSync(events, EVENTS.join('\n'))
    writeFileSync(join(dir, 'detector.yaml'), '{}')
  })
  after(() => rmSync(dir, {recursive: true}))

  async function run(...args: readonly string[]) {
    const io = fakeIo()
    const line = ['explain', ...args, '-c', join(dir, 'detector.yaml'), '-r', rules]
    const code = await runCli(line, io)
    return {code, out: io.out().replaceAll(dir, ''), err: io.err()}
  }

  describe('of rules', () => {
    const set = compileRuleSet([{name: 'rules.yaml', content: RULES}], {
      appendOutput: [],
      selection: [],
      startOff: false,
      minPriority: 'Debug',
      skipInvalidRules: false,
    })
    /** As on a kernel that does not describe its types, so that the text is the same everywhere. */
    const explain = (...names: readonly string[]) => ({
      ...explainRules(chooseRules(set, names), set, {hooks: 'auto'}),
      hooks: {known: false, error: new CodedError('SENSOR_NO_BTF', 'no types')} as const,
    })
    const options = {color: false, verbose: false, kernelFilter: true}

    it('says what one becomes', () => {
      assertGolden('cli/explain-rule.txt', rulesText(explain('Folder*'), options))
    })

    it('says why something flows for the state', () => {
      const text = setText(explain(), options)
      assert.match(text, /depends on the kernel: no types/)
      assert.match(text, /descriptors are .*,\s+because of a rule that looks at/)
      assert.match(text, /Shell talks: .*fd\.typechar.* of dup2/)
      assert.doesNotMatch(text, /kernel_filter is off/)
      assert.match(setText(explain(), {...options, kernelFilter: false}), /kernel_filter is off/)
    })

    it('says which rule is the reason', () => {
      const text = rulesText(explain('Shell talks'), options)
      assert.match(text, /follows +descriptors that earlier events opened: fd\.typechar of dup2/)
    })

    it('prints all in a table', () => {
      const lines = tableText(explain()).split('\n')
      assert.match(lines[0]!, /^RULE +ALL +PART +NONE +ESTIMATE +KINDS OF RECORD$/)
      assert.match(lines[1]!, /^Folder made below etc +0 +2 +0 +.*mkdir, mkdirat$/)
      assert.equal(lines.filter(line => line.startsWith('Not running')).length, 0)
    })

    it('explains a rule that does not run', () => {
      assert.match(rulesText(explain('Not running'), options), /does not run\)/)
    })

    it('prints JSON', () => {
      const extras = {kernelFilter: true, measured: undefined, programs: undefined}
      const json = JSON.parse(setJson(explain('Folder*'), extras))
      assert.deepEqual(Object.keys(json), [
        'loaded_rules',
        'kernel_filter',
        'hooks',
        'rules',
        'state',
      ])
      assert.deepEqual(json.hooks, {known: false, code: 'SENSOR_NO_BTF', reason: 'no types'})
      const [rule] = json.rules
      assert.equal(rule.needs_descriptors, null)
      assert.deepEqual([rule.rule, rule.line, rule.runs], ['Folder made below etc', 8, true])
      const [kind] = rule.kinds
      assert.deepEqual(Object.keys(kind), [
        'kind',
        'events',
        'flow',
        'for_state',
        'hook',
        'lane',
        'entry_copy',
        'captured',
        'not_captured',
        'kernel',
        'tests',
        'other_rules',
      ])
      assert.deepEqual(kind.hook, {
        tracepoint: 'sys_exit',
        call: 'mkdir',
        number: 83,
        numbers_32bit: [39],
        attach: null,
      })
      assert.equal(kind.kernel.decided, 'part')
      const decided = kind.tests.map(
        (test: {test: string; decided_in: string; reason?: string}) => [
          test.test.split(' ')[0],
          test.decided_in,
          test.reason,
        ],
      )
      assert.deepEqual(decided, [
        ['evt.rawres', 'kernel', undefined],
        ['fs.path.name', 'kernel', undefined],
        ['proc.name', 'process', undefined],
        ['proc.pname', 'process', undefined],
        ['fs.path.name', 'part', 'enclosed'],
      ])
    })

    it('runs as a command', async () => {
      const {code, out} = await run('Shell talks')
      assert.equal(code, 0)
      assert.match(out, /^Shell talks \(Notice, \/rules\.yaml:13\)\n {2}events +dup2\n/)
      const table = await run()
      assert.match(table.out, /^RULE/)
      const json = JSON.parse((await run('--json')).out) as {rules: {rule: string}[]}
      assert.deepEqual(
        json.rules.map(({rule}) => rule),
        ['Folder made below etc', 'Shell talks', 'Opened'],
      )
    })
  })

  describe('of events', () => {
    it('prints the tree with the values', async () => {
      const {code, out} = await run('--event', events)
      assert.equal(code, 0)
      assertGolden('cli/explain-event.txt', out)
    })

    it('prints named rules whatever the type', async () => {
      const {out} = await run('Shell talks', '--event', events, '--num', '3')
      assert.equal(
        out,
        'event 3 (line 3): mkdir\n  not asked about events of this type: "Shell talks"\n',
      )
    })

    it('prints one JSON object for each event', async () => {
      const {out} = await run('Opened', '--event', events, '--json', '--filter', 'fd.name = /opt/x')
      const {num, line, type, about, rules: judged, other_types: others} = JSON.parse(out)
      assert.deepEqual([num, line, type, others], [2, 2, 'openat', []])
      assert.deepEqual(about, {'proc.name': 'rpm', 'fd.name': '/opt/x'})
      assert.deepEqual([judged.length, judged[0].rule, judged[0].match], [1, 'Opened', false])
      const [, paths, not] = judged[0].condition.children
      assert.deepEqual([paths.holds, paths.decides, not.decides], [true, false, true])
      assert.deepEqual(not.children[0].macro, 'trusted')
      assert.deepEqual(paths.children[1], {
        kind: 'test',
        holds: true,
        decides: false,
        test: 'fd.name startswith /opt',
        values: [{field: 'fd.name', value: '/opt/x'}],
      })
    })

    it('lets no control of a terminal through', async () => {
      for (const more of [[], ['--json'], ['-v']]) {
        const {out} = await run('--event', events, ...more)
        assert.doesNotMatch(out, /\u001b|\u009b/)
      }
    })

    it('colours where it is asked to', async () => {
      const {out} = await run('--event', events, '--color', 'always')
      assert.match(out, /\u001b\[32mmatch\u001b\[0m/)
    })

    it('ends with 1 at a wrong line, which it names', async () => {
      writeFileSync(join(dir, 'wrong.jsonl'), `${EVENTS[2]}\n{"fd.num":"x"}\n`)
      const {code, out, err} = await run('--event', join(dir, 'wrong.jsonl'))
      assert.equal(code, 1)
      assert.match(out, /^event 1/)
      assert.match(err, /wrong\.jsonl: no field event at line 2: the value of 'fd\.num'/)
    })

    it('explains so many events and counts the others', async () => {
      writeFileSync(join(dir, 'many.jsonl'), `${EVENTS[2]}\n`.repeat(103))
      const {code, out, err} = await run('--event', join(dir, 'many.jsonl'))
      assert.equal(code, 0)
      assert.equal(out.match(/^event /gm)?.length, 100)
      assert.match(err, /3 more events are not explained/)
    })

    it('ends with 1 when no event is asked for', async () => {
      const {code, err} = await run('--event', events, '--num', '77')
      assert.equal(code, 1)
      assert.match(err, /holds no event that is asked for \(3 events in all\)/)
    })
  })

  const wrong: readonly {name: string; args: readonly string[]; err: RegExp}[] = [
    {name: 'an unknown rule', args: ['Opend'], err: /no rule is called "Opend"\n.*"Opened"/},
    {name: 'a glob that finds nothing', args: ['zz*'], err: /no rule is called/},
    {name: 'a filter without events', args: ['--filter', 'x'], err: /needs --event/},
    {name: 'a number without events', args: ['--num', '1'], err: /needs --event/},
    {name: 'live with events', args: ['--live', '--event', 'x'], err: /do not go together/},
    {name: 'a duration of nothing', args: ['-M', '2'], err: /how long --live/},
    {name: 'a number that is none', args: ['--event', 'x', '--num', '1x'], err: /not the number/},
    {name: 'a wrong filter', args: ['--event', 'x', '--filter', 'no.field = 1'], err: /no\.field/},
  ]
  for (const {name, args, err} of wrong) {
    it(`ends with 2 for ${name}`, async () => {
      const result = await run(...args)
      assert.deepEqual([result.code, result.out], [2, ''])
      assert.match(result.err, err)
    })
  }

  it('ends with 1 for invalid rules and for files that are no events', async () => {
    const io = fakeIo()
    const bad = join(dir, 'bad.yaml')
    writeFileSync(bad, '- rule: Bad\n', {mode: 0o600})
    assert.equal(await runCli(['explain', '-r', bad, '-c', join(dir, 'detector.yaml')], io), 1)
    assert.match(io.err(), /bad\.yaml/)
    writeFileSync(join(dir, 'text'), 'hello')
    assert.equal((await run('--event', join(dir, 'text'))).code, 1)
    assert.equal((await run('--event', join(dir, 'nothing'))).code, 1)
  })
})
