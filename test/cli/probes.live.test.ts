import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {copyFileSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {after, afterEach, before, describe, it} from 'mocha'
import {packageRoot} from '../../src/paths.ts'
import {listObjects} from '../../src/sensor/bpf-syscall.ts'
import {type Objects, objectFolder, requireClang} from '../support/compile-bpf.ts'
import {compileC} from '../support/compile-c.ts'
import {
  armedDetector,
  type DetectorProcess,
  readSummary,
  runDetectorProcess,
  type SummaryFile,
} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'
import {probeSource} from '../support/probe-source.ts'

/** Requests of one load. */
const COUNT = 500
const EXAMPLE = 'examples/io-uring/io-uring.bpf.c'
const WITHIN = {withinMs: 15_000}

/** The part of the summary that is about probes. */
interface WithProbes extends SummaryFile {
  readonly probes: Readonly<
    Record<string, {read: number; short: number; over_rate: number; matched: number}>
  >
}

describe('detector run with a probe', function () {
  this.timeout(120_000)
  let objects: Objects
  let requests: string
  let object: string
  let detector: DetectorProcess | undefined
  const at = (name: string): string => join(objects.folder, name)

  before(function () {
    requireLive(this, {feature: 'probes'})
    requireClang(this)
    objects = objectFolder()
    requests = compileC(this, 'uring-requests', objects.folder)
    object = objects.compile(EXAMPLE)
    writeFileSync(at('detector.yaml'), `probes:\n  - {name: uring, object: ${at('probe.o')}}\n`)
  })
  afterEach(async () => {
    await detector?.end('SIGKILL')
    detector = undefined
  })
  after(() => objects?.remove())

  const writeRule = (name: string, condition: string, output: string): void => {
    const text = `- rule: ${name}\n  desc: test\n  condition: ${condition}\n  output: '${output}'\n  priority: NOTICE\n`
    writeFileSync(at('next.yaml'), text)
    renameSync(at('next.yaml'), at('rules.yaml'))
  }
  const args = (): string[] => [
    '-c',
    at('detector.yaml'),
    '-r',
    at('rules.yaml'),
    '--json',
    '--verbose',
    '--summary',
    at('summary.json'),
  ]
  const start = async (): Promise<DetectorProcess> => {
    detector = await armedDetector(args())
    return detector
  }
  const request = (first: number, count = COUNT): void => {
    execFileSync(requests, [String(count), String(first)])
  }
  const ofRule = (run: DetectorProcess, name: string): Record<string, unknown>[] =>
    run
      .stdout()
      .map(line => JSON.parse(line) as {rule: string; output_fields: Record<string, unknown>})
      .filter(({rule}) => rule === name)
      .map(alert => alert.output_fields)
  const ours = (): number[] =>
    [...listObjects('program'), ...listObjects('map')]
      .filter(({name}) => name === 'report' || name === 'requests')
      .map(({id}) => id)

  it('judges each record by rules that change while it runs', async () => {
    copyFileSync(object, at('probe.o'))
    const mine = 'proc.name = uring-requests'
    writeRule(
      'first',
      `evt.type = probe.uring and ${mine} and probe.uring.user_data >= 100`,
      '%probe.uring.user_data %probe.uring.operation %proc.pname %probe.uring.pid %proc.pid',
    )
    const before = new Set(ours())
    const run = await start()
    request(100)
    await eventually(() => ofRule(run, 'first').length === COUNT, WITHIN)
    const alerts = ofRule(run, 'first')
    assert.deepEqual(
      alerts.map(fields => fields['probe.uring.user_data']),
      Array.from({length: COUNT}, (_, n) => 100 + n),
    )
    for (const fields of alerts) {
      assert.equal(fields['probe.uring.operation'], 'NOP')
      assert.equal(fields['proc.pname'], 'node')
      assert.equal(fields['probe.uring.pid'], fields['proc.pid'])
    }
    writeRule('second', `${mine} and probe.uring.user_data in (7, 9)`, '%probe.uring.user_data')
    await eventually(() => run.stderr().includes('generation 2, active'), WITHIN)
    request(0)
    await eventually(() => ofRule(run, 'second').length === 2, WITHIN)
    assert.equal(await run.end('SIGTERM'), 0)
    assert.equal(ofRule(run, 'first').length, COUNT)
    assert.equal(ofRule(run, 'second').length, 2)
    const {probes} = readSummary(at('summary.json')) as WithProbes
    assert.equal(probes['uring']?.matched, COUNT + 2)
    assert.equal(probes['uring']?.short, 0)
    assert.ok(probes['uring']!.read >= 2 * COUNT)
    assert.deepEqual(
      ours().filter(id => !before.has(id)),
      [],
    )
  })

  it('takes a new object while it runs, and keeps the old one when that is refused', async () => {
    copyFileSync(object, at('probe.o'))
    writeRule('ring', 'probe.uring.user_data = 1 and proc.name = uring-requests', '%evt.type')
    const before = new Set(ours())
    const run = await start()
    const replaceBy = (path: string): void => {
      copyFileSync(path, at('next.o'))
      renameSync(at('next.o'), at('probe.o'))
    }
    replaceBy(objects.compileText(probeSource({body: 'if (*(volatile int *)8) return 1;'})))
    await eventually(() => run.stderr().includes('refused by our verifier'), WITHIN)
    request(1, 1)
    await eventually(() => ofRule(run, 'ring').length === 1, WITHIN)
    const source = readFileSync(join(packageRoot, EXAMPLE), 'utf8')
    replaceBy(objects.compileText(source.replaceAll('user_data', 'user_mark')))
    await eventually(() => run.stderr().includes("unknown field 'probe.uring.user_data'"), WITHIN)
    writeRule('mark', 'probe.uring.user_mark = 2 and proc.name = uring-requests', '%evt.type')
    await eventually(() => run.stderr().includes('generation 2, active'), WITHIN)
    request(1, 2)
    await eventually(() => ofRule(run, 'mark').length === 1, WITHIN)
    assert.equal(await run.end('SIGTERM'), 0)
    assert.equal(ofRule(run, 'ring').length, 1)
    const {probes} = readSummary(at('summary.json')) as WithProbes
    assert.equal(probes['uring']?.matched, 2)
    assert.ok(probes['uring']!.read >= 3)
    assert.deepEqual(
      ours().filter(id => !before.has(id)),
      [],
    )
  })

  it('leaves nothing behind when it is killed', async () => {
    copyFileSync(object, at('probe.o'))
    writeRule('ring', 'probe.uring.user_data = 1', '%evt.type')
    const before = new Set(ours())
    const run = await start()
    assert.equal(ours().filter(id => !before.has(id)).length, 2)
    await run.end('SIGKILL')
    await eventually(() => ours().every(id => before.has(id)), WITHIN)
  })

  it('counts and ignores records that are too short', async () => {
    const source = readFileSync(join(packageRoot, EXAMPLE), 'utf8')
    copyFileSync(
      objects.compileText(
        source
          .replace('sizeof(*request), 0)', 'sizeof(*request) - 8, 0)')
          .replace('request->operation, sizeof(request->operation)', 'request->operation, 8'),
      ),
      at('probe.o'),
    )
    writeRule('ring', 'evt.type = probe.uring', '%evt.type')
    const run = await start()
    request(1, 5)
    assert.equal(await run.end('SIGTERM'), 0)
    const {probes, alerts} = readSummary(at('summary.json')) as WithProbes
    assert.deepEqual([alerts, probes['uring']?.short], [0, probes['uring']?.read])
    assert.ok(probes['uring']!.short >= 5)
  })

  it('does not start with a probe that is refused, unless it is optional', async () => {
    copyFileSync(objects.compileText(probeSource({section: 'tracepoint/none/none'})), at('probe.o'))
    writeRule('ring', 'probe.uring.pid = 1', '%evt.type')
    const refusing = runDetectorProcess(args())
    assert.equal(await refusing.exited, 3)
    assert.match(refusing.stderr(), /probe uring: .*none/)
    writeFileSync(
      at('optional.yaml'),
      `probes:\n  - {name: uring, object: ${at('probe.o')}, optional: true}\n`,
    )
    detector = await armedDetector(['-c', at('optional.yaml'), '-r', at('rules.yaml')])
    assert.match(detector.stderr(), /probe uring: .*goes on without it/)
    assert.equal(await detector.end('SIGTERM'), 0)
  })
})
