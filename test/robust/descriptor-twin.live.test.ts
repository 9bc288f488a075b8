import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {compileC} from '../support/compile-c.ts'
import {armedDetector, readSummary, type SummaryFile} from '../support/detector-process.ts'
import {requireLive} from '../support/live.ts'

/** Writes in a loop to a file that no rule asks for. */
const LOOP = 200_000

const rulesFor = (wanted: string): string =>
  [
    ['named', `evt.type in (write, writev) and fd.name = ${wanted}`],
    ['mode', `evt.type = fchmod and fd.name = ${wanted}`],
    ['network', 'evt.type = write and fd.type in (ipv4, ipv6) and fd.rport = 9'],
    ['copied', `evt.type in (dup, dup2, dup3) and fd.name = ${wanted}`],
  ]
    .map(
      ([name, condition]) =>
        `- rule: ${name}\n  desc: d\n  condition: ${condition} and proc.exepath startswith ${wanted.slice(0, -7)}\n` +
        '  output: "%evt.type %fd.name"\n  priority: ERROR\n',
    )
    .join('')

describe('descriptors told by the identity of their files', function () {
  this.timeout(120_000)
  let root: string
  let program: string

  before(function () {
    requireLive(this as never, {feature: 'kernel filters'})
    root = realpathSync(mkdtempSync(join(tmpdir(), 'descriptor-twin-')))
    program = compileC(this as never, 'reused-descriptors', root)
  })

  after(() => {
    if (root !== undefined) rmSync(root, {recursive: true, force: true})
  })

  interface Run {
    /** Alerts by rule and event. */
    readonly alerts: Readonly<Record<string, number>>
    readonly summary: SummaryFile
  }

  async function run(filter: boolean): Promise<Run> {
    const [config, rules, summary] = ['config.yaml', 'rules.yaml', 'summary.json'].map(name =>
      join(root, name),
    ) as [string, string, string]
    writeFileSync(config, `kernel_filter: ${filter}\ncontainers: {enabled: false}\n`)
    const paths = ['/wanted', '/other', '/link'].map(name => join(root, name))
    writeFileSync(rules, rulesFor(paths[0]!))
    const detector = await armedDetector([
      '-c',
      config,
      '-r',
      rules,
      '--json',
      '--summary',
      summary,
    ])
    spawnSync('ln', ['-sf', paths[1]!, paths[2]!])
    const {status} = spawnSync(program, [...paths, '50', String(filter ? LOOP : 1)])
    assert.equal(status, 0)
    assert.equal(await detector.end('SIGINT'), 0, detector.stderr())
    const counts: Record<string, number> = {}
    for (const line of detector.stdout()) {
      const {rule, output} = JSON.parse(line)
      const kind = `${rule} ${String(output).replace(/.*\b(write|writev|fchmod|dup|dup2)\b/, '$1')}`
      counts[kind.replace(/127.*/, 'peer')] = (counts[kind.replace(/127.*/, 'peer')] ?? 0) + 1
    }
    return {alerts: counts, summary: readSummary(summary)}
  }

  for (const filter of [false, true])
    it(`are told from others with the same number, ${filter ? 'with' : 'without'} a filter`, async () => {
      const wanted = join(root, 'wanted')
      const {alerts, summary} = await run(filter)
      assert.deepEqual(alerts, {
        [`named write ${wanted}`]: 150,
        [`named writev ${wanted}`]: 50,
        [`mode fchmod ${wanted}`]: 50,
        [`copied dup ${wanted}`]: 50,
        'network write peer': 50,
      })
      // Descriptors of no interest are known to the kernel after a first write, and nobody has to see them closed.
      const {close, write} = summary.by_kind
      assert.equal(close === undefined, filter)
      assert.equal((write?.filtered ?? 0) > LOOP / 2, filter)
    })
})
