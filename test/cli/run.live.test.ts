import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {listObjects} from '../../src/sensor/bpf-syscall.ts'
import {type Burst, buildBurst, copyTrue} from '../support/burst.ts'
import {armedDetector, type DetectorProcess, readSummary} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'

/** Events of each kind that the counting tests cause; `LIVE_COUNT` asks for more. */
const COUNT = Number(process.env['LIVE_COUNT'] ?? 2000)
/** Nothing listens there. */
const CLOSED_PORT = 1

describe('detector run', function () {
  this.timeout(120_000)
  let folder: string
  let rules: string
  let detector: DetectorProcess | undefined

  beforeEach(function () {
    requireLive(this, {feature: 'live detection'})
    folder = mkdtempSync(join(tmpdir(), 'detector-live-'))
    rules = join(folder, 'rules.yaml')
  })
  afterEach(async () => {
    await detector?.end('SIGKILL')
    detector = undefined
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  const rule = (name: string, condition: string, output = 'seen'): string =>
    `- rule: ${name}\n  desc: test\n  condition: ${condition}\n  output: '${output}'\n  priority: NOTICE\n`

  const start = async (...args: string[]): Promise<DetectorProcess> => {
    detector = await armedDetector([
      '-r',
      rules,
      '--json',
      '--match',
      'all',
      '--summary',
      join(folder, 'summary.json'),
      ...args,
    ])
    return detector
  }

  const sh = (script: string): string =>
    execFileSync('sh', ['-c', script], {encoding: 'utf8', cwd: folder})

  const alertsOf = (run: DetectorProcess, name: string): Record<string, unknown>[] =>
    run
      .stdout()
      .map(line => JSON.parse(line) as {rule: string; output_fields: Record<string, unknown>})
      .filter(alert => alert.rule === name)
      .map(alert => alert.output_fields)

  it('tells which process read a file, with its parent and user', async () => {
    const secret = join(folder, 'secret')
    writeFileSync(secret, 'x')
    const output =
      '%proc.name %proc.pname %proc.cmdline %user.name %fd.name %proc.exepath %proc.cwd %evt.res'
    writeFileSync(
      rules,
      rule(
        'read',
        `evt.type in (open, openat, openat2) and fd.name = ${secret} and evt.is_open_read = true`,
        output,
      ),
    )
    const run = await start()
    sh('cat ./sub/../secret 2>/dev/null; mkdir sub; cat sub/../secret')
    await eventually(() => alertsOf(run, 'read').length > 1)
    const alerts = alertsOf(run, 'read')
    const [failed, alert] = alerts as [Record<string, unknown>, Record<string, unknown>]
    assert.equal(failed['evt.res'], 'ENOENT')
    assert.equal(alert['proc.name'], 'cat')
    assert.equal(alert['proc.pname'], 'sh')
    assert.equal(alert['proc.cmdline'], 'cat sub/../secret')
    assert.equal(alert['user.name'], 'root')
    assert.equal(alert['fd.name'], secret)
    assert.match(String(alert['proc.exepath']), /^\/(usr\/)?bin\/(cat|coreutils|busybox)$/)
    assert.equal(alert['proc.cwd'], `${folder}/`)
    assert.equal(alert['evt.res'], 'SUCCESS')
    assert.equal(alerts.length, 2)
  })

  it('follows names through rename, unlink, dup and write', async () => {
    const mark = join(folder, 'mark')
    writeFileSync(
      rules,
      [
        rule(
          'rename',
          `evt.type in (rename, renameat, renameat2) and fs.path.target startswith ${mark}`,
          '%fs.path.source %fs.path.target',
        ),
        rule(
          'unlink',
          `evt.type in (unlink, unlinkat) and fs.path.name startswith ${mark}`,
          '%fs.path.name',
        ),
        rule(
          'write',
          `evt.type in (write, writev) and fd.name startswith ${mark}`,
          '%fd.name %fd.num %evt.rawres',
        ),
        rule(
          'dup',
          `evt.type in (dup, dup2, dup3) and fd.name startswith ${mark}`,
          '%fd.name %evt.rawres',
        ),
      ].join(''),
    )
    const run = await start()
    sh('echo hello > mark1; mv mark1 mark2; rm mark2')
    await eventually(() => alertsOf(run, 'unlink').length === 1)
    assert.deepEqual(alertsOf(run, 'rename')[0]?.['fs.path.source'], `${mark}1`)
    assert.deepEqual(alertsOf(run, 'rename')[0]?.['fs.path.target'], `${mark}2`)
    assert.equal(alertsOf(run, 'unlink')[0]?.['fs.path.name'], `${mark}2`)
    const [write] = alertsOf(run, 'write')
    assert.deepEqual(
      [write?.['fd.name'], write?.['fd.num'], write?.['evt.rawres']],
      [`${mark}1`, 1, 6],
    )
    assert.ok(alertsOf(run, 'dup').some(alert => alert['evt.rawres'] === 1))
  })

  it('sees the ancestors, arguments and environment of a program', async () => {
    writeFileSync(
      rules,
      rule(
        'exec',
        `evt.type = execve and proc.env[MARK] = ${folder}`,
        '%proc.cmdline %proc.aname[2] %proc.pcmdline %proc.env[MARK] %evt.arg.filename',
      ),
    )
    const run = await start()
    execFileSync('sh', ['-c', 'sh -c "true; /bin/true one \\"two words\\""'], {
      env: {PATH: process.env['PATH'] ?? '', MARK: folder},
    })
    const alert = await eventually(() =>
      alertsOf(run, 'exec').find(({'proc.cmdline': line}) => String(line).startsWith('true')),
    )
    assert.equal(alert?.['proc.cmdline'], 'true one two words')
    assert.equal(alert?.['evt.arg.filename'], '/bin/true')
  })

  describe('counting', () => {
    let burst: Burst
    before(function () {
      requireLive(this as never, {feature: 'live detection'})
      burst = buildBurst(this as never)
    })
    after(() => {
      if (burst !== undefined) rmSync(burst.folder, {recursive: true, force: true})
    })

    const countingRules = (marked: string, program: string): string =>
      [
        rule('opens', `evt.type in (open, openat) and fd.name = ${marked}`),
        rule('execs', `evt.type = execve and proc.exepath = ${program}`),
        rule('writes', `evt.type = write and fd.name = ${join(burst.folder, 'written')}`),
        rule(
          'connects',
          `evt.type = connect and fd.sport = ${CLOSED_PORT} and proc.exepath = ${join(burst.folder, 'burst')}`,
        ),
      ].join('')

    const burstAll = async (marked: string, program: string): Promise<void> => {
      await Promise.all([
        burst
          .run('open', COUNT, marked)
          .then(() => burst.run('write', COUNT, join(burst.folder, 'written'))),
        burst
          .run('exec', COUNT, program)
          .then(() => burst.run('connect', COUNT, String(CLOSED_PORT))),
      ])
    }

    it(`alerts exactly once for each of ${COUNT} opens, execs, writes and connects`, async () => {
      const marked = join(burst.folder, 'marked')
      writeFileSync(marked, '')
      const program = copyTrue(burst.folder)
      writeFileSync(rules, countingRules(marked, program))
      const run = await start()
      await burstAll(marked, program)
      assert.equal(await run.end('SIGINT'), 0)
      const summary = readSummary(join(folder, 'summary.json'))
      assert.deepEqual(summary.by_rule, {
        opens: COUNT,
        execs: COUNT,
        writes: COUNT,
        connects: COUNT,
      })
      assert.equal(summary.drops.total, 0)
      assert.equal(run.stdout().length, 4 * COUNT)
      for (const [kind, {seen, passed, dropped, filtered}] of Object.entries(summary.by_kind)) {
        assert.equal(
          seen,
          passed + dropped + filtered,
          `${kind}: what was seen left the kernel or was counted as dropped`,
        )
      }
    })

    it('loses nothing and repeats nothing while rules are reloaded under that load', async () => {
      const marked = join(burst.folder, 'marked')
      writeFileSync(marked, '')
      const program = copyTrue(burst.folder)
      const base = countingRules(marked, program)
      writeFileSync(rules, base)
      const run = await start()
      const load = burstAll(marked, program)
      // A new rule, as an editor saves it: another file renamed over the old one.
      const flag = join(folder, 'flag')
      writeFileSync(
        join(folder, 'new'),
        base +
          rule('added', `evt.type in (rename, renameat, renameat2) and evt.arg.newpath = ${flag}`),
      )
      const saved = performance.now()
      renameSync(join(folder, 'new'), rules)
      await eventually(
        () => {
          writeFileSync(join(folder, 'plain'), '')
          renameSync(join(folder, 'plain'), flag)
          // The test's own renames are what the new rule looks for.
          return run.stdout().some(line => line.includes('"rule":"added"'))
        },
        {withinMs: 20_000, what: 'the new rule to alert'},
      )
      console.log(
        `      from saving the rule to its first alert: ${Math.round(performance.now() - saved)} ms`,
      )
      writeFileSync(rules, `${base}- rule: broken\n  condition: (\n`)
      await eventually(() => run.stderr().includes('stay in force'))
      await load
      assert.equal(await run.end('SIGINT'), 0)
      const {by_rule, drops, generation} = readSummary(join(folder, 'summary.json'))
      const {added, ...old} = by_rule
      assert.ok((added ?? 0) > 0)
      assert.deepEqual(old, {opens: COUNT, execs: COUNT, writes: COUNT, connects: COUNT})
      assert.equal(drops.total, 0)
      assert.equal(generation, 2)
      assert.equal(run.stderr().match(/invalid rules/g)?.length, 1, 'the error is shown once')
      assert.match(run.stderr(), /rules\.yaml:\d+:\d+/)
    })
  })

  it('delivers every alert to a webhook that was down, failed twice, then worked', async () => {
    const received = new Set<string>()
    let failures = 2
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      let body = ''
      request.on('data', chunk => {
        body += String(chunk)
      })
      request.on('end', () => {
        const status = failures-- > 0 ? 500 : 200
        if (status === 200) received.add(String(request.headers['idempotency-key']))
        response.writeHead(status).end(body.length > 0 ? '' : 'empty')
      })
    }
    // A port of our own that nobody listens on yet.
    const probe = createServer()
    await new Promise<void>(resolve => probe.listen(0, '127.0.0.1', resolve))
    const {port} = probe.address() as AddressInfo
    await new Promise(resolve => probe.close(resolve))
    writeFileSync(
      rules,
      rule('unlink', `evt.type in (unlink, unlinkat) and fs.path.name startswith ${folder}/w`),
    )
    const run = await start(
      '-o',
      'outputs.webhook.enabled=true',
      '-o',
      `outputs.webhook.url=http://127.0.0.1:${port}/hook`,
    )
    sh('for i in 1 2 3 4 5; do touch w$i; rm w$i; done')
    await eventually(() => run.stderr().includes('webhook'), {what: 'the first failure to be told'})
    const server = createServer(answer)
    try {
      await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
      await eventually(() => received.size === 5, {
        withinMs: 60_000,
        what: 'all five alerts to arrive',
      })
      assert.equal(await run.end('SIGTERM'), 0)
    } finally {
      server.close()
    }
  })

  describe('leaves nothing in the kernel', () => {
    const ours = (): number[] =>
      [...listObjects('program'), ...listObjects('map')]
        .filter(({name}) => name.startsWith('det_'))
        .map(({id}) => id)

    for (const [signal, code] of [
      ['SIGINT', 0],
      ['SIGTERM', 0],
      ['SIGKILL', null],
    ] as const) {
      it(`after ${signal}`, async () => {
        writeFileSync(rules, rule('any', 'evt.type = openat and fd.name = /nowhere'))
        const before = new Set(ours())
        const run = await start()
        const loaded = ours().filter(id => !before.has(id))
        assert.ok(loaded.length > 10)
        assert.equal(await run.end(signal), code)
        await eventually(() => ours().every(id => !loaded.includes(id)), {
          what: 'the kernel to let go of our programs and maps',
        })
      })
    }
  })

  it('opens its file again on SIGUSR1, and opens no debugger port', async () => {
    const log = join(folder, 'alerts.log')
    writeFileSync(
      rules,
      rule(
        'unlink',
        `evt.type in (unlink, unlinkat) and fs.path.name startswith ${folder}/w`,
        'gone %fs.path.name',
      ),
    )
    const run = await start('-o', 'outputs.file.enabled=true', '-o', `outputs.file.filename=${log}`)
    sh('touch w1; rm w1')
    await eventually(() => readFileSync(log, 'utf8').includes('w1'))
    renameSync(log, `${log}.1`)
    process.kill(run.pid, 'SIGUSR1')
    await eventually(() => {
      sh('touch w2; rm w2')
      return readFileSync(log, 'utf8').includes('w2')
    })
    assert.ok(!run.stderr().includes('Debugger'))
  })
})
