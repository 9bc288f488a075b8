import assert from 'node:assert/strict'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {type DetectorProcess, readSummary} from '../support/detector-process.ts'
import {requireLive} from '../support/live.ts'
import {type Load, PACE, prepareLoad, publicRules} from './load.ts'
import {
  addRules,
  alertsOf,
  assertNoDrops,
  assertTruths,
  type Fields,
  FULL,
  type RobustFolder,
  robustFolder,
  ruleText,
  startDetector,
} from './truths.ts'

const SECONDS = FULL ? 60 : 8
const FIELDS = ['proc.name', 'proc.pname', 'proc.cmdline', 'user.name', 'proc.pid', 'evt.res']
/** Opens of a name that no other process can have changed by the time it is read are never without it. */
const OPEN_FIELDS = [...FIELDS, 'fd.name']

describe('a mixed load under all public rules', function () {
  this.timeout(180_000)
  let folder: RobustFolder | undefined
  let load: Load | undefined
  let run: DetectorProcess | undefined
  let truths: Fields[] = []

  before(async function () {
    requireLive(this as never, {feature: 'detection under load'})
    const rules = publicRules(this as never)
    folder = robustFolder(['user.name'])
    load = await prepareLoad(this as never, folder, SECONDS)
    addRules(folder, [
      ruleText('exec', `evt.type in (execve, execveat) and proc.sid = ${load.sid}`, FIELDS),
      ruleText(
        'open',
        `evt.type in (open, openat, openat2, creat) and proc.sid = ${load.sid}`,
        OPEN_FIELDS,
      ),
    ])
    run = await startDetector(folder, ...rules, '--enable-rule', '*')
    truths = await load.run()
    assert.equal(await run.end('SIGINT'), 0, run.stderr())
  })
  after(async () => {
    load?.stop()
    await run?.end('SIGKILL')
    folder?.remove()
  })

  it('loses no event', () => {
    const {by_kind, by_rule} = readSummary(join(folder!.path, 'summary.json'))
    const seen = Object.values(by_kind).reduce((sum, kind) => sum + kind.seen, 0)
    console.log(
      `      ${SECONDS} s: ${seen} events, ${by_rule['exec']} execs and ${by_rule['open']} opens of the load`,
    )
    assertNoDrops(folder!)
  })

  it('says of each short program what it says of itself', () => {
    assertTruths(truths, alertsOf(run!, 'mark'))
    assert.equal(truths.length, SECONDS * PACE)
    const commands = alertsOf(run!, 'exec').map(
      alert => `${alert['proc.pid']} ${alert['proc.cmdline']}`,
    )
    const wanted = truths.map(truth => `${truth['proc.pid']} ${truth['proc.cmdline']}`)
    const found = commands.filter(command => command.includes(' sample '))
    assert.deepEqual(found.sort(), wanted.sort())
  })

  for (const [rule, fields] of [
    ['exec', FIELDS],
    ['open', OPEN_FIELDS],
  ] as const) {
    it(`knows ${fields.join(', ')} of every ${rule}`, () => {
      const alerts = alertsOf(run!, rule)
      assert.ok(alerts.length > SECONDS * PACE)
      const lacking = alerts.filter(alert => fields.some(name => isUnknown(alert[name])))
      assert.deepEqual(lacking.slice(0, 5), [], `${lacking.length} of ${alerts.length}`)
    })
  }
})

function isUnknown(value: unknown): boolean {
  return value === null || value === undefined || value === '' || value === '<NA>'
}
