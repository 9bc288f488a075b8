import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {publicRules} from '../../robust/load.ts'
import {armedDetector, readSummary, type SummaryFile} from '../../support/detector-process.ts'
import {requireLive} from '../../support/live.ts'

const LOAD = `
mkdir -p a b; cd b
for i in 1 2 3; do
  mkdir $i secret; rmdir $i secret
  echo x >../a/shadow
  cat "$ROOT/a/shadow" "$ROOT//a/shadow" "$ROOT/b/../a/shadow" ../a/shadow >/dev/null
  cat "$ROOT/a/none" /etc/shadow /etc/hosts >/dev/null
  echo y >"$ROOT/b/file"; rm file
  mv ../a/shadow "$ROOT/b/moved"; rm moved; ln -s /etc/shadow link; rm link
done
`

const rulesFor = (root: string): string =>
  [
    ['name', `evt.type in (open, openat, openat2) and fd.name = ${root}/a/shadow`],
    ['below', `evt.type in (unlink, unlinkat) and fs.path.name startswith ${root}/b`],
    ['failed', `evt.type = openat and evt.failed = true and fd.name endswith ${root}/a/none`],
    ['made', 'evt.type in (mkdir, mkdirat) and evt.rawarg.path endswith secret'],
    [
      'written',
      `evt.type in (open, openat) and evt.is_open_write = true and fd.name pmatch (${root})`,
    ],
  ]
    .map(
      ([name, condition]) =>
        `- rule: ${name}\n  desc: d\n  condition: ${condition} and proc.env[FILTER_TWIN] = ${root}\n` +
        '  output: "x"\n  priority: ERROR\n',
    )
    .join('')

interface Run {
  readonly summary: SummaryFile
  /** Rules and paths of the alerts. */
  readonly alerts: readonly string[]
}

describe('a filtered and an unfiltered detector', function () {
  this.timeout(120_000)
  let root: string

  before(function () {
    requireLive(this as never, {feature: 'kernel filters'})
    root = realpathSync(mkdtempSync(join(tmpdir(), 'filter-twin-')))
  })

  after(() => {
    if (root !== undefined) rmSync(root, {recursive: true, force: true})
  })

  async function run(rules: readonly string[], filter: boolean): Promise<Run> {
    const [config, file] = [join(root, 'config.yaml'), join(root, 'summary.json')]
    const mark = '  - extra_fields: ["proc.env[FILTER_TWIN]", fd.name]\n'
    writeFileSync(
      config,
      `kernel_filter: ${filter}\ncontainers: {enabled: false}\nappend_output:\n${mark}`,
    )
    const options = ['--json', '--summary', file]
    const detector = await armedDetector(['-c', config, ...rules, ...options])
    const env = {...process.env, ROOT: root, FILTER_TWIN: root}
    spawnSync('sh', ['-c', LOAD], {cwd: root, env})
    assert.equal(await detector.end('SIGINT'), 0, detector.stderr())
    const lines = detector.stdout().map(line => JSON.parse(line))
    const own = lines.filter(({output_fields: of}) => of['proc.env[FILTER_TWIN]'] === root)
    const alerts = own.map(({rule, output_fields: of}) => `${rule} ${of['fd.name']}`)
    return {summary: readSummary(file), alerts}
  }

  it('raise the same alerts by rules that the kernel decides', async () => {
    const path = join(root, 'rules.yaml')
    writeFileSync(path, rulesFor(root))
    const [filtered, plain] = [await run(['-r', path], true), await run(['-r', path], false)]
    assert.deepEqual(filtered.alerts, plain.alerts)
    const found = new Set(filtered.alerts.map(alert => alert.split(' ')[0]))
    assert.deepEqual([...found].sort(), ['below', 'failed', 'made', 'name', 'written'])
    assert.ok((filtered.summary.by_kind['openat']?.filtered ?? 0) > 0)
    assert.equal(plain.summary.by_kind['openat']?.filtered, 0)
  })

  it('raise the same alerts by public rules', async function () {
    const rules = publicRules(this as never)
    const [filtered, plain] = [await run(rules, true), await run(rules, false)]
    assert.deepEqual(filtered.alerts, plain.alerts)
    assert.ok(filtered.alerts.length > 0)
  })
})
