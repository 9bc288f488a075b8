import assert from 'node:assert/strict'
import {chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {packageRoot} from '../../src/paths.ts'
import {compileC} from '../support/compile-c.ts'
import {armedDetector, type DetectorProcess, readSummary} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'
import {openContainers, type TestContainers} from './containers.ts'
import {openNameServer} from './name-server.ts'
import {NAMES, ROWS, SITE_RULES} from './rows.ts'
import {MARK, runScript} from './run-script.ts'
import {shellWord} from './shell-word.ts'

const PUBLIC_RULES = join(packageRoot, '..', 'shared', 'public-rules')
const NAME_SERVER = '127.93.0.1'
/** Scripts at once. */
const LANES = 3

interface AlertLine {
  readonly rule: string
  readonly output_fields: Readonly<Record<string, unknown>>
}

const markOf = (index: number, part: 'trigger' | 'benign'): string => `${index}.${part}`

describe('every public rule, live', function () {
  this.timeout(240_000)
  let folder: string
  let containers: TestContainers | undefined
  let names: {close(): void} | undefined
  let detector: DetectorProcess | undefined
  /** Rules that alerted, by the mark of the script. */
  const alerted = new Map<string, Set<string>>()
  const failed = new Map<string, string>()

  before(async function () {
    requireLive(this as never, {feature: 'public rules'})
    if (!existsSync(PUBLIC_RULES)) {
      console.log(`      skipping public rules: no ${PUBLIC_RULES}`)
      this.skip()
    }
    folder = mkdtempSync(join(tmpdir(), 'detector.rows.'))
    chmodSync(folder, 0o755)
    const act = compileC(this as never, 'rule-acts', folder)
    const nothing = compileC(this as never, 'nothing', folder)
    containers = await openContainers(join(folder, 'docker.sock'))
    names = await openNameServer(NAME_SERVER, NAMES)
    detector = await start()
    await namesKnown(detector)
    await runAll({folder, containers, act, nothing})
    assert.equal(await detector.end('SIGINT'), 0, detector.stderr())
    for (const line of detector.stdout()) {
      const {rule, output_fields: fields} = JSON.parse(line) as AlertLine
      const mark = String(fields[`proc.env[${MARK}]`])
      alerted.set(mark, (alerted.get(mark) ?? new Set()).add(rule))
    }
  })
  after(async () => {
    await detector?.end('SIGKILL')
    names?.close()
    await containers?.close()
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  /** In a mount namespace of its own, where the test's server is the one to ask for names. */
  const start = (): Promise<DetectorProcess> => {
    const resolver = join(folder, 'resolv.conf')
    writeFileSync(resolver, `nameserver ${NAME_SERVER}\n`)
    writeFileSync(join(folder, 'site.yaml'), SITE_RULES)
    const bind = `mount --bind ${shellWord(resolver)} /etc/resolv.conf && exec "$@"`
    return armedDetector(
      [
        ...['-r', PUBLIC_RULES, '-r', join(folder, 'site.yaml'), '--enable-rule', '*'],
        ...['--match', 'all', '--json', '--summary', join(folder, 'summary.json')],
        // Others may load the machine meanwhile.
        ...['-o', 'ring.bulk_mib=128', '-o', 'ring.state_mib=32'],
        ...['-o', 'containers.wait_ms=10000', '-o', 'containers.timeout_ms=9000'],
        ...['-p', `%proc.env[${MARK}]`],
        ...['-o', `containers.sockets.docker=["${join(folder, 'docker.sock')}"]`],
      ],
      {under: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', bind, 'sh']},
    )
  }

  const namesKnown = (run: DetectorProcess): Promise<unknown> =>
    eventually(
      () => {
        connect({host: NAMES['ready.detector.test']!, port: 1}).on('error', () => undefined)
        return run.stdout().some(line => line.includes('"rule":"names are known"'))
      },
      {withinMs: 20_000, what: 'the addresses of names'},
    )

  const runAll = async (tools: Parameters<typeof runScript>[0]): Promise<void> => {
    const waiting = ROWS.flatMap((row, index) =>
      (['trigger', 'benign'] as const).map(part => ({row, part, mark: markOf(index, part)})),
    )
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const {row, part, mark} = next
        const failure = await runScript(tools, row, row[part], mark)
        if (failure !== undefined) failed.set(mark, failure)
      }
    }
    await Promise.all(Array.from({length: LANES}, work))
  }

  for (const [index, {rule}] of ROWS.entries()) {
    it(rule, () => {
      for (const part of ['trigger', 'benign'] as const) {
        const mark = markOf(index, part)
        assert.equal(failed.get(mark), undefined, part)
        assert.ok(alerted.get(mark)?.has('script ran'), `the ${part} was not seen to run`)
      }
      const of = (part: 'trigger' | 'benign'): string[] => [
        ...(alerted.get(markOf(index, part)) ?? []),
      ]
      assert.ok(of('trigger').includes(rule), `the trigger alerted for ${of('trigger')} only`)
      assert.ok(!of('benign').includes(rule), 'the twin alerted')
    })
  }

  it('loses no event', () => {
    assert.equal(readSummary(join(folder, 'summary.json')).drops.total, 0)
  })
})
