import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {
  armedDetector,
  type DetectorProcess,
  readSummary,
  type SummaryFile,
} from '../support/detector-process.ts'
import {requireLive} from '../support/live.ts'
import {type Load, prepareLoad, publicRules} from './load.ts'
import {FULL, type RobustFolder, robustFolder} from './truths.ts'

const SECONDS = FULL ? 300 : 8
/** Deeds that public rules ask for, again and again, by ever new processes. */
const DEEDS = `
end=$(($(date +%s) + $LOAD_SECONDS))
while [ "$(date +%s)" -lt $end ]; do
  cat /etc/shadow >/dev/null
  (cd /etc && cat shadow >/dev/null)
  ln -s /etc/shadow work/link-$$ && rm work/link-$$
  echo x >>home/.bashrc
  cp hidden work/.hidden-$$ && chmod u+s work/.hidden-$$ && rm work/.hidden-$$
  mkdir -p home/.ssh && echo key >home/.ssh/authorized_keys && cat home/.ssh/authorized_keys >/dev/null
  tail -n 1 home/.bash_history && : >home/.bash_history
  find home -name id_rsa >/dev/null
  grep -r 'BEGIN RSA PRIVATE' home >/dev/null
  sh -c 'exec 3<>/dev/null; nc -h' 2>/dev/null
  sleep 0.1
done
`
const FIELDS = ['proc.pid', 'proc.sid', 'proc.cmdline', 'fd.name', 'evt.type', 'evt.res']

describe('a filtered and an unfiltered detector under a mixed load', function () {
  this.timeout((SECONDS + 120) * 1000)
  let folder: RobustFolder | undefined
  let load: Load | undefined
  const runs: {filter: boolean; detector: DetectorProcess; summary: string}[] = []
  let deedsPid = -1

  before(async function () {
    requireLive(this as never, {feature: 'kernel filters'})
    const rules = publicRules(this as never)
    folder = robustFolder([])
    const {path} = folder
    for (const name of ['home', 'deeds']) mkdirSync(join(path, name), {recursive: true})
    load = await prepareLoad(this as never, folder, SECONDS)
    for (const name of ['hidden', 'home/.bash_history']) writeFileSync(join(path, name), 'x\n')
    for (const filter of [true, false]) {
      const [config, summary] = [join(path, `${filter}.yaml`), join(path, `${filter}.json`)]
      const fields = JSON.stringify(FIELDS)
      writeFileSync(
        config,
        `kernel_filter: ${filter}\ncontainers: {enabled: false}\nring: {bulk_mib: 64}\n` +
          `append_output:\n  - extra_fields: ${fields}\n`,
      )
      const args = ['-c', config, ...rules, '--enable-rule', '*', '--json', '--summary', summary]
      runs.push({filter, detector: await armedDetector(args), summary})
    }
    const env = {...process.env, LOAD_SECONDS: String(SECONDS), HOME: join(path, 'home')}
    const deeds = spawn('sh', ['-c', DEEDS], {cwd: path, detached: true, env, stdio: 'ignore'})
    deedsPid = deeds.pid ?? -1
    await load.run()
    await new Promise(resolve =>
      deeds.exitCode === null ? deeds.on('close', resolve) : resolve(0),
    )
    for (const {detector} of runs) assert.equal(await detector.end('SIGINT'), 0, detector.stderr())
  })
  after(async () => {
    load?.stop()
    for (const {detector} of runs) await detector.end('SIGKILL')
    folder?.remove()
  })

  const summaryOf = (filter: boolean): SummaryFile =>
    readSummary(runs.find(run => run.filter === filter)!.summary)

  it('raise the same alerts', () => {
    const alerts = runs.map(({detector}) => own(detector, [load!.sid, deedsPid]))
    const [filtered, plain] = alerts as [string[], string[]]
    assert.ok(plain.length > SECONDS, `${plain.length} alerts`)
    console.log(`      ${SECONDS} s: ${plain.length} alerts each`)
    assert.deepEqual(filtered, plain)
  })

  it('lose no event', () => {
    for (const {filter} of runs) assert.equal(summaryOf(filter).drops.total, 0)
  })

  it('let few events out of the kernel', () => {
    const [filtered, plain] = [summaryOf(true), summaryOf(false)]
    for (const [kind, {seen, passed}] of Object.entries(filtered.by_kind)) {
      const before = plain.by_kind[kind]?.passed ?? 0
      const share = ((100 * passed) / Math.max(1, seen)).toFixed(1)
      console.log(
        `      ${kind}: ${seen} seen, ${before} passed unfiltered, ${passed} filtered (${share} %)`,
      )
    }
    const {seen = 0, filtered: kept = 0} = filtered.by_kind['openat'] ?? {}
    assert.ok(kept > seen / 2, `${kept} of ${seen} opens stayed in the kernel`)
  })
})

/** Alerts about these sessions, sorted: two detectors may see deeds of two processors in another order. */
function own(detector: DetectorProcess, sessions: readonly number[]): string[] {
  return detector
    .stdout()
    .map(line => JSON.parse(line) as {rule: string; output_fields: Record<string, unknown>})
    .filter(({output_fields: fields}) => sessions.includes(Number(fields['proc.sid'])))
    .map(({rule, output_fields: fields}) => `${rule} ${FIELDS.map(name => fields[name]).join(' ')}`)
    .sort()
}
