import assert from 'node:assert/strict'
import {chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {request} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {askDetector} from '../../src/app/control/control-client.ts'
import type {StatusReport} from '../../src/app/status/status-report.ts'
import {type Burst, buildBurst} from '../support/burst.ts'
import {
  armedDetector,
  type DetectorProcess,
  type ProcessOptions,
  readSummary,
  runDetectorProcess,
} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {readKernelCounters} from '../support/kernel-counters.ts'
import {requireLive} from '../support/live.ts'
import {parseExposition, sampleOf} from '../support/parse-exposition.ts'

/** The machine may be busy with other things. */
const PATIENT = {withinMs: 20_000}

describe('status of a running detector', function () {
  this.timeout(60_000)
  let folder: string
  let socket: string
  let rules: string
  let secret: string
  let burst: Burst
  let running: DetectorProcess[]

  beforeEach(function () {
    requireLive(this, {feature: 'live detection'})
    running = []
    folder = mkdtempSync(join(tmpdir(), 'detector-live-status-'))
    // So that only the mode of the socket keeps others out.
    chmodSync(folder, 0o755)
    socket = join(folder, 'control.sock')
    rules = join(folder, 'rules.yaml')
    secret = join(folder, 'secret')
    writeFileSync(secret, '')
    writeRules(RULES())
    burst = buildBurst(this)
  })
  afterEach(async () => {
    for (const detector of running) await detector.end('SIGKILL')
    for (const path of [folder, burst?.folder])
      if (path !== undefined) rmSync(path, {recursive: true, force: true})
  })

  const RULES = () => [
    {
      rule: 'open',
      desc: 'test',
      condition: `evt.type in (open, openat) and fd.name = ${secret}`,
      output: 'x',
      priority: 'NOTICE',
    },
  ]
  const writeRules = (content: unknown): void => writeFileSync(rules, JSON.stringify(content))

  const start = async (...options: readonly string[]): Promise<DetectorProcess> => {
    const args = ['-r', rules, '--json', '-o', `control.socket=${socket}`, ...options]
    const detector = await armedDetector(args)
    running.push(detector)
    return detector
  }

  /** Asks without a process of its own. */
  const ask = async (): Promise<StatusReport> =>
    (await askDetector({path: socket, request: 'status'})) as StatusReport

  const runStatus = async (options: ProcessOptions = {}) => {
    const child = runDetectorProcess(['status', '--json', '--socket', socket], options)
    const code = await child.exited
    const [line] = child.stdout()
    const report = line === undefined ? undefined : (JSON.parse(line) as StatusReport)
    return {code, report, stderr: child.stderr()}
  }

  it('agrees with the counters of the kernel, before and after losses, and with the summary', async () => {
    const summaryFile = join(folder, 'summary.json')
    const detector = await start('--summary', summaryFile, '-o', 'ring.bulk_mib=1')
    await burst.run('open', 100, secret)
    const first = await between(detector.pid)
    // Others on the host may be loud enough for losses.
    const isLossy = first.report.missed.totals.some(({group}) => group === 'lost')
    assert.equal(first.code, isLossy ? 1 : 0)
    process.kill(detector.pid, 'SIGSTOP')
    await burst.run('open', 20_000, secret)
    process.kill(detector.pid, 'SIGCONT')
    await eventually(async () => (await ask()).detection?.lanes.bulk.bytes === 0, PATIENT)
    const {code, report} = await between(detector.pid)
    assert.equal(code, 1)
    const lost = report.missed.totals.find(({cause}) => cause === 'ring_full')
    assert.ok((lost?.count ?? 0) > 0)
    assert.deepEqual(lost?.rules, ['open'])
    assert.equal(lost?.group, 'lost')
    assert.deepEqual(report.imbalances, [])
    for (const {stage, in: taken, out, waiting, ended} of report.stages) {
      const left = Object.values(ended).reduce((sum, count) => sum + count, 0)
      assert.equal(taken, out + waiting + left, stage)
    }
    await detector.end('SIGINT')
    const summary = readSummary(summaryFile) as ReturnType<typeof readSummary> & {
      readonly missed: StatusReport['missed']
      readonly imbalances: readonly unknown[]
    }
    assert.deepEqual(summary.imbalances, [])
    const ringFull = summary.missed.totals.find(({cause}) => cause === 'ring_full')
    assert.equal(ringFull?.count, summary.drops.by_reason['ring_full'])
    for (const [kind, count] of Object.entries(ringFull?.by_kind ?? {}))
      assert.equal(count, summary.by_kind[kind]?.dropped, kind)
    assert.match(detector.stderr(), /what was missed:\n {2}[\d,]+ events: the ring buffer was full/)
    assert.match(detector.stderr(), /concerns rule 'open'/)
  })

  /** A status, held against what bpftool reads of the kernel right before and right after it. */
  const between = async (pid: number) => {
    const before = readKernelCounters(pid)
    const {code, report} = await runStatus()
    const after = readKernelCounters(pid)
    assert.ok(report?.detection)
    for (const [kind, counts] of Object.entries(report.detection.kinds)) {
      const [least, most] = [before.get(kind)!, after.get(kind)!]
      const named = {seen: counts.seen, passed: counts.passed, filtered: counts.filtered}
      for (const [name, value] of Object.entries(named) as [keyof typeof named, number][]) {
        assert.ok(least[name] <= value && value <= most[name], `${kind} ${name}: ${value}`)
      }
      assert.ok(least.full + least.tooLarge <= counts.dropped, kind)
      assert.ok(counts.dropped <= most.full + most.tooLarge, kind)
    }
    return {code, report}
  }

  it('answers at once under load, and its counts agree each time', async () => {
    await start('-o', 'metrics.enabled=true', '-o', 'metrics.listen=127.0.0.1:0')
    const load = burst.run('open', 300_000, secret)
    let isOver = false
    void load.finally(() => {
      isOver = true
    })
    let [asked, raised] = [0, 0]
    while (!isOver) {
      const {state, imbalances, detection} = await ask()
      asked++
      assert.equal(state, 'watching')
      assert.deepEqual(imbalances, [])
      assert.ok((detection?.alerts.raised ?? 0) >= raised)
      raised = detection?.alerts.raised ?? 0
    }
    await load
    assert.ok(asked > 0)
    assert.ok(raised > 0)
  })

  it('is told as metrics with the same numbers', async () => {
    const page = join(folder, 'metrics.sock')
    await start('-o', 'metrics.enabled=true', '-o', `metrics.listen=${page}`)
    assert.equal(statSync(page).mode & 0o777, 0o600)
    await burst.run('open', 50, secret)
    await eventually(async () => (await ask()).detection?.alerts.by_rule['open'] === 50, PATIENT)
    const samples = parseExposition(await get(page, '/metrics'))
    assert.equal(sampleOf(samples, 'detector_alerts_total', {rule: 'open'}), 50)
    assert.equal(sampleOf(samples, 'detector_state', {state: 'watching'}), 1)
    assert.ok(sampleOf(samples, 'detector_events_seen_total', {kind: 'openat'}) >= 50)
    assert.ok(sampleOf(samples, 'detector_missed_seconds_total', {cause: 'start'}) > 0)
    assert.equal(await get(page, '/readyz'), '{"status":"ok"}\n')
  })

  it('is for its owner alone', async () => {
    await start()
    assert.equal(statSync(socket).mode & 0o777, 0o600)
    const {code, stderr, report} = await runStatus({uid: 65_534})
    assert.equal(code, 3)
    assert.equal(report, undefined)
    assert.match(stderr, /not allowed/)
  })

  it('is of the first of two detectors, and the second says why it does not start', async () => {
    const first = await start()
    const second = runDetectorProcess(['-r', rules, '-o', `control.socket=${socket}`])
    assert.equal(await second.exited, 3)
    assert.match(second.stderr(), /another detector listens/)
    assert.equal((await ask()).pid, first.pid)
  })

  it('comes back after a kill, and the socket goes with the detector', async () => {
    const first = await start()
    await first.end('SIGKILL')
    assert.ok(existsSync(socket))
    assert.equal((await runStatus()).code, 3)
    const second = await start()
    assert.equal((await ask()).pid, second.pid)
    await second.end('SIGINT')
    assert.ok(!existsSync(socket))
  })

  it('says how long changed rules were not in force, and which', async () => {
    await start()
    const totals = async () => new Map((await ask()).missed.totals.map(one => [one.cause, one]))
    const before = await totals()
    assert.ok(before.has('start') && !before.has('reload') && !before.has('rules_refused'))
    writeFileSync(rules, '- rule: [\n')
    await eventually(async () => (await totals()).get('rules_refused')?.open === 1, PATIENT)
    writeRules([...RULES(), {...RULES()[0], rule: 'new'}])
    const after = await eventually(async () => {
      const found = await totals()
      return found.get('reload')?.open === 0 && found.get('rules_refused')?.open === 0 && found
    }, PATIENT)
    assert.deepEqual(after.get('reload')?.rules, ['new'])
    assert.ok((after.get('rules_refused')?.duration_ms ?? 0) > 0)
    assert.equal((await ask()).generation, 2)
  })
})

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({socketPath, path, agent: false}, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve(body))
    })
      .on('error', reject)
      .end()
  })
}
