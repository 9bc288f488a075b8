import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {existsSync, mkdtempSync, rmdirSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {packageRoot} from '../../src/paths.ts'
import {listObjects} from '../../src/sensor/bpf-syscall.ts'
import {compileC} from '../support/compile-c.ts'
import {runDetectorProcess} from '../support/detector-process.ts'
import {requireLive} from '../support/live.ts'

const NOBODY = 65534
const CGROUP = '/sys/fs/cgroup/memory'

/** A host on which detection cannot start: what is said, and with which code the process ends. */
interface BadPlace {
  readonly name: string
  /** A program with arguments that makes the place bad and runs what follows. */
  readonly under: () => readonly string[]
  readonly args?: readonly string[]
  readonly code: number
  readonly says: readonly RegExp[]
  /** Why this machine cannot play the bad place. */
  readonly obstacle?: () => string | undefined
}

describe('detector run in bad places', function () {
  this.timeout(30_000)
  let folder: string
  let rules: string

  before(function () {
    requireLive(this as never, {feature: 'refusals of the kernel'})
    folder = mkdtempSync(join(tmpdir(), 'detector-bad-'))
    execFileSync('chmod', ['755', folder])
    rules = join(folder, 'rules.yaml')
    writeFileSync(
      rules,
      '- rule: any\n  desc: d\n  condition: evt.type = creat\n  output: x\n  priority: DEBUG\n',
    )
    compileC(this as never, 'no-bpf', folder)
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  const withoutFolder = (path: string): readonly string[] => [
    'unshare',
    '-m',
    'sh',
    '-c',
    `mount -t tmpfs none ${path} && exec "$@"`,
    'sh',
  ]

  const places: readonly BadPlace[] = [
    {
      name: 'without any capability',
      under: () => ['setpriv', '--bounding-set=-all', '--inh-caps=-all'],
      code: 3,
      says: [/EPERM/, /CAP_BPF and CAP_PERFMON/],
    },
    {
      name: 'where bpf(2) is locked',
      under: () => [join(folder, 'no-bpf')],
      code: 3,
      says: [/EPERM/, /runtime may block bpf\(2\)/],
    },
    {
      name: 'without type information of the kernel',
      under: () => withoutFolder('/sys/kernel/btf'),
      code: 3,
      says: [/cannot read \/sys\/kernel\/btf\/vmlinux/, /CONFIG_DEBUG_INFO_BTF/],
    },
    {
      name: 'where memory for the ring buffer is refused',
      under: () => [
        'sh',
        '-c',
        `mkdir -p ${CGROUP}/detector-test && echo 200M > ${CGROUP}/detector-test/memory.limit_in_bytes && ` +
          `echo $$ > ${CGROUP}/detector-test/cgroup.procs && exec "$@"`,
        'sh',
      ],
      args: ['-o', 'ring.bulk_mib=512'],
      code: 3,
      says: [/det_bulk .*ENOMEM/, /smaller buffer/],
      obstacle: () =>
        existsSync(`${CGROUP}/memory.limit_in_bytes`)
          ? undefined
          : `no cgroup controller at ${CGROUP}`,
    },
    {
      name: 'with trace events that cannot be read',
      under: () => withoutFolder('/sys/kernel/tracing'),
      args: ['--hooks', 'tracepoint'],
      code: 3,
      says: [/trace events of system calls cannot be read/, /mount tracefs/],
    },
  ]
  for (const {name, under, args = [], code, says, obstacle} of places) {
    it(`says what is missing ${name}`, async function () {
      const reason = obstacle?.()
      if (reason !== undefined) {
        this.test!.title += ` (skipped: ${reason})`
        this.skip()
      }
      const known = new Set(ours())
      const run = runDetectorProcess(['-r', rules, '--duration', '5', ...args], {under: under()})
      assert.equal(await run.exited, code, run.stderr())
      for (const text of says) assert.match(run.stderr(), text)
      assert.ok(!run.stderr().includes('armed:'))
      assert.ok(!/\n\s+at /.test(run.stderr()), 'no stack trace for what is no defect')
      assert.deepEqual(
        ours().filter(id => !known.has(id)),
        [],
      )
      if (existsSync(`${CGROUP}/detector-test`)) rmdirSync(`${CGROUP}/detector-test`)
    })
  }

  it('needs no tracefs', async () => {
    const run = runDetectorProcess(['-r', rules, '--duration', '0.2'], {
      under: withoutFolder('/sys/kernel/tracing'),
    })
    assert.equal(await run.exited, 0)
    assert.match(run.stderr(), /armed: 1 rules/)
  })

  it('tells an ordinary user what is needed', async function () {
    try {
      execFileSync('setpriv', ['--reuid', String(NOBODY), '--clear-groups', 'ls', packageRoot], {
        stdio: 'ignore',
      })
    } catch {
      this.test!.title += ' (skipped: the checkout is not readable by others)'
      this.skip()
    }
    const run = runDetectorProcess(['-r', rules, '--duration', '5'], {
      under: ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
    })
    assert.equal(await run.exited, 3, run.stderr())
    assert.match(run.stderr(), /run as root/)
  })

  function ours(): number[] {
    return [...listObjects('program'), ...listObjects('map')]
      .filter(({name}) => name.startsWith('det_'))
      .map(({id}) => id)
  }
})
