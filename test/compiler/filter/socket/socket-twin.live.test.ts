import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {publicRules} from '../../../robust/load.ts'
import {compileC} from '../../../support/compile-c.ts'
import {armedDetector, readSummary, type SummaryFile} from '../../../support/detector-process.ts'
import {requireLive} from '../../../support/live.ts'

const SENDS = 'evt.type in (sendto, sendmsg, sendmmsg)'
const ACCEPTS = 'evt.type in (accept, accept4)'

const rulesFor = (port: number): readonly (readonly [name: string, condition: string])[] => [
  ['to a port', `evt.type = connect and fd.sport = ${port}`],
  ['refused', 'evt.type = connect and evt.res = ECONNREFUSED and fd.sip = "127.0.0.1"'],
  ['started', 'evt.type = connect and evt.res in (SUCCESS, EINPROGRESS) and fd.typechar in (4, 6)'],
  ['to six', 'evt.type = connect and fd.snet in ("::/1") and fd.type = ipv6'],
  ['elsewhere', 'evt.type = connect and fd.net != "127.0.0.0/8" and fd.typechar = 4'],
  ['to the second', `evt.type = connect and fd.rip = "127.0.0.2" and fd.port > ${port}`],
  ['local', 'evt.type = connect and fd.type = unix and evt.rawres >= 0'],
  ['of none', 'evt.type = connect and not fd.type in (ipv4, ipv6, unix)'],
  ['taken', `${ACCEPTS} and fd.cnet in ("127.0.0.0/8") and fd.lport = ${port}`],
  ['not taken', `${ACCEPTS} and evt.failed = true and fd.typechar = 4`],
  ['taken locally', `${ACCEPTS} and fd.sockfamily = unix`],
  ['sent', `${SENDS} and fd.l4proto = tcp and fd.sport = ${port}`],
  ['sent otherwise', `${SENDS} and fd.l4proto != tcp and fd.typechar in (4, 6) and evt.rawres > 0`],
  ['sent to the second', `${SENDS} and fd.sip = "127.0.0.2"`],
  ['sent locally', `${SENDS} and fd.type = unix`],
  ['received', 'evt.type in (recvfrom, recvmsg, recvmmsg) and fd.type in (ipv4, ipv6)'],
  ['bound', `evt.type = bind and fd.sport = ${port} and fd.sip != "::1"`],
]

const COUNTED = ['connect', 'accept', 'accept4', 'sendto', 'sendmsg', 'recvfrom', 'recvmsg', 'bind']

interface Run {
  readonly summary: SummaryFile
  readonly alerts: readonly string[]
}

describe('a filtered and an unfiltered detector on sockets', function () {
  this.timeout(120_000)
  let root: string
  let program: string
  let port: number

  before(async function () {
    requireLive(this as never, {feature: 'kernel filters'})
    root = realpathSync(mkdtempSync(join(tmpdir(), 'socket-twin-')))
    program = compileC(this as never, 'socket-mix', root)
    port = await freePort()
  })

  after(() => {
    if (root !== undefined) rmSync(root, {recursive: true, force: true})
  })

  async function run(rules: readonly string[], filter: boolean): Promise<Run> {
    const [config, file] = [join(root, 'config.yaml'), join(root, 'summary.json')]
    const shown = [
      'proc.env[SOCKET_TWIN]',
      'evt.type',
      'evt.res',
      'fd.type',
      'fd.sip',
      'fd.l4proto',
    ]
    const fields = shown.map(name => JSON.stringify(name)).join(', ')
    writeFileSync(
      config,
      `kernel_filter: ${filter}\nrule_matching: all\ncontainers: {enabled: false}\nappend_output:\n  - extra_fields: [${fields}]\n`,
    )
    const detector = await armedDetector(['-c', config, ...rules, '--json', '--summary', file])
    const env = {...process.env, SOCKET_TWIN: root}
    const {status} = spawnSync(program, [String(port), '3'], {cwd: root, env, timeout: 30_000})
    assert.equal(status, 0)
    assert.equal(await detector.end('SIGINT'), 0, detector.stderr())
    const lines = detector.stdout().map(line => JSON.parse(line))
    const own = lines.filter(({output_fields: of}) => of['proc.env[SOCKET_TWIN]'] === root)
    const alerts = own.map(({rule, output_fields: of}) =>
      [rule, ...shown.slice(1).map(name => of[name])].join(' '),
    )
    return {summary: readSummary(file), alerts}
  }

  it('raise the same alerts by rules that the kernel decides', async () => {
    const rules = rulesFor(port)
    const path = join(root, 'rules.yaml')
    writeFileSync(
      path,
      rules
        .map(
          ([name, condition]) =>
            `- rule: ${name}\n  desc: d\n  condition: (${condition}) and proc.env[SOCKET_TWIN] = ${root}\n` +
            '  output: "x"\n  priority: ERROR\n',
        )
        .join(''),
    )
    const [filtered, plain] = [await run(['-r', path], true), await run(['-r', path], false)]
    assert.deepEqual(filtered.alerts, plain.alerts)
    const found = rules.filter(([name]) => plain.alerts.some(alert => alert.startsWith(`${name} `)))
    assert.deepEqual(
      found.map(([name]) => name),
      rules.map(([name]) => name),
    )
  })

  it('raise the same alerts by public rules, of far fewer records', async function () {
    const rules = publicRules(this as never)
    const [filtered, plain] = [await run(rules, true), await run(rules, false)]
    assert.deepEqual(filtered.alerts, plain.alerts)
    for (const kind of COUNTED) {
      const [with_, without] = [filtered.summary.by_kind[kind], plain.summary.by_kind[kind]]
      if (with_ === undefined || without === undefined) continue
      console.log(
        `      ${kind}: ${with_.passed} of ${with_.seen} pass, unfiltered ${without.passed} of ${without.seen}`,
      )
    }
    for (const kind of ['connect', 'sendto']) {
      const {passed, seen} = filtered.summary.by_kind[kind]!
      assert.ok(passed < seen, `${kind}: ${passed} of ${seen}`)
    }
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
