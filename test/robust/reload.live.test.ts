import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {after, before, describe, it} from 'mocha'
import {monotonicMs} from '../../src/diagnostics/monotonic.ts'
import {compileC} from '../support/compile-c.ts'
import {armedDetector, type DetectorProcess, readSummary} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'
import {FULL, ruleText} from './truths.ts'

const [SECONDS, RELOADS] = FULL ? [60, 200] : [12, 20]
const MARK_EVERY_US = 2000

/** A marked open, with the monotonic time before and after it in milliseconds. */
interface Mark {
  readonly name: string
  readonly before: number
  readonly after: number
}

/** A time in which a generation is known to be in force. */
interface Reign {
  readonly generation: number
  /** What the outputs of its rules end with. */
  readonly version: number
  /** The rule that comes and goes is there. */
  readonly hasTick: boolean
  readonly from: number
  until: number
}

interface AlertLine {
  readonly rule: string
  readonly output: string
  readonly output_fields: {readonly 'fd.name'?: string}
}

/** What stands beside the rules that are always there after each reload, in turn; undefined: a file that is broken. */
const STEPS: readonly ((mark: string, version: number) => readonly string[] | undefined)[] = [
  (mark, version) => [versioned('tick', mark, version)],
  (mark, version) => [versioned('tick', mark, version)],
  () => undefined,
  // Further calls, and so further programs and hooks, for a while.
  (mark, version) => [
    versioned('tick', mark, version),
    ruleText('more', `evt.type in (mkdir, unlink, rename, connect) and fd.name = ${mark}`, [
      'fd.name',
    ]),
  ],
  () => [],
]

/** A rule whose output tells the version of the file that it stood in. */
function versioned(name: string, mark: string, version: number): string {
  const condition = `evt.type = openat and fd.name startswith ${mark}`
  return ruleText(name, condition, ['fd.name', `evt.num v${version}`])
}

/** The rule file of a version: a rule that is in each of them, and the others. */
function fileText(mark: string, version: number, others: readonly string[]): string {
  return `[${[versioned('stamp', mark, version), ...others].join(',\n')}]`
}

describe('reloads under load', function () {
  this.timeout(300_000)
  let folder: string
  let run: DetectorProcess | undefined
  let marks: Mark[] = []
  let alerts: AlertLine[] = []
  const reigns: Reign[] = []
  const delays: number[] = []

  before(async function () {
    requireLive(this as never, {feature: 'reloads'})
    folder = mkdtempSync(join(tmpdir(), 'detector-reloads-'))
    const program = compileC(this as never, 'robust-marks', folder)
    const rules = join(folder, 'rules')
    mkdirSync(rules)
    const mark = `/nowhere${folder}/`
    const always = ruleText('always', `evt.type = openat and fd.name startswith ${mark}`, [
      'fd.name',
    ])
    writeFileSync(join(rules, '0.yaml'), `[${always}]`)
    writeFileSync(join(rules, '1.yaml'), fileText(mark, 0, []))
    const summary = join(folder, 'summary.json')
    const args = [
      '--json',
      '--match',
      'all',
      '--summary',
      summary,
      '-v',
      '-o',
      'kernel_filter=true',
    ]
    run = await armedDetector(['-r', rules, ...args])
    reigns.push({
      generation: 1,
      version: 0,
      hasTick: false,
      from: monotonicMs(),
      until: Infinity,
    })
    const cores = Array.from({length: Math.min(2, availableParallelism())}, (_, core) => core)
    const running = cores.map(core => runMarks(program, core, mark))
    await reload(run, join(rules, '1.yaml'), mark)
    marks = (await Promise.all(running)).flat()
    assert.equal(await run.end('SIGINT'), 0, run.stderr())
    alerts = run.stdout().map(line => JSON.parse(line) as AlertLine)
    const {drops} = readSummary(summary)
    assert.equal(drops.total, 0, JSON.stringify(drops))
    delays.sort((one, other) => one - other)
    const at = (part: number): string => delays[Math.floor(part * (delays.length - 1))]!.toFixed(0)
    console.log(
      `      ${marks.length} marks, ${reigns.length - 1} generations; from saving to in force: median ${at(0.5)} ms, p99 ${at(0.99)} ms`,
    )
  })
  after(async () => {
    await run?.end('SIGKILL')
    rmSync(folder, {recursive: true, force: true})
  })

  /** Changes the file again and again for as long as the marks are made, a little less. */
  async function reload(detector: DetectorProcess, file: string, mark: string): Promise<void> {
    const paceMs = ((SECONDS - 1) * 1000) / RELOADS
    for (let round = 0; round < RELOADS; round++) {
      const begun = monotonicMs()
      const version = round + 1
      const others = STEPS[round % STEPS.length]!(mark, version)
      const [old] = reigns.slice(-1)
      const refusals = count(detector.stderr(), 'stay in force')
      writeFileSync(`${file}.new`, others ? fileText(mark, version, others) : '- rule: [')
      if (others !== undefined) old!.until = monotonicMs()
      renameSync(`${file}.new`, file)
      const saved = monotonicMs()
      if (others === undefined) {
        await eventually(() => count(detector.stderr(), 'stay in force') > refusals, {
          what: 'the broken file to be refused',
        })
      } else {
        const generation = old!.generation + 1
        const inForce = new RegExp(`generation ${generation} is in force since ([0-9.]+)`)
        const found = await eventually(() => inForce.exec(detector.stderr()), {
          what: `generation ${generation}`,
          withinMs: 20_000,
        })
        delays.push(Number(found[1]) - saved)
        const hasTick = others.length > 0
        reigns.push({generation, version, hasTick, from: monotonicMs(), until: Infinity})
      }
      await pause(Math.max(0, begun + paceMs - monotonicMs()))
    }
  }

  it('raise exactly one alert of the rule that is always there for each mark', () => {
    const names = alerts.filter(({rule}) => rule === 'always').map(nameOf)
    assert.equal(new Set(names).size, names.length, 'none twice')
    const seen = new Set(names)
    const missed = marks.filter(({name}) => !seen.has(name))
    assert.deepEqual(missed.slice(0, 3), [], `${missed.length} of ${marks.length} missed`)
    assert.equal(names.length, marks.length)
  })

  it('judge each mark by the rules that were in force when it was made', () => {
    const stamps = new Map(
      alerts.filter(({rule}) => rule === 'stamp').map(one => [nameOf(one), versionOf(one)]),
    )
    assert.equal(stamps.size, marks.length)
    const wrong: string[] = []
    let known = 0
    for (const mark of marks) {
      const reign = reignOf(mark, reigns)
      if (reign === undefined) continue
      known++
      const version = stamps.get(mark.name)
      if (version !== reign.version) wrong.push(`${mark.name}: ${version}, not ${reign.version}`)
    }
    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} of ${known}`)
    assert.ok(known > marks.length / 4, `${known} of ${marks.length} in a known generation`)
  })

  it('alert of a rule that comes and goes within its generations, once, and always there', () => {
    const stamps = new Map(
      alerts.filter(({rule}) => rule === 'stamp').map(one => [nameOf(one), versionOf(one)]),
    )
    const versions = new Set(reigns.filter(({hasTick}) => hasTick).map(({version}) => version))
    const wanted = [...stamps].filter(([, version]) => versions.has(version))
    const ticks = alerts.filter(({rule}) => rule === 'tick')
    const found = ticks.map(one => [nameOf(one), versionOf(one)])
    const byName = (one: readonly unknown[], other: readonly unknown[]): number =>
      String(one[0]) < String(other[0]) ? -1 : 1
    assert.deepEqual(found.sort(byName), wanted.sort(byName))
    assert.ok(ticks.length > 0)
  })
})

function versionOf({output}: AlertLine): number {
  return Number(/ v(\d+)$/.exec(output)?.[1])
}

function nameOf({output_fields: fields}: AlertLine): string {
  return fields['fd.name'] ?? ''
}

/** The generation that is known to have been in force during a mark. */
function reignOf(mark: Mark, reigns: readonly Reign[]): Reign | undefined {
  return reigns.find(({from, until}) => from < mark.before && mark.after < until)
}

function count(text: string, part: string): number {
  return text.split(part).length - 1
}

function runMarks(program: string, core: number, mark: string): Promise<Mark[]> {
  return new Promise((resolve, reject) => {
    const args = [String(core), String(SECONDS), mark, String(MARK_EVERY_US)]
    const child = spawn(program, args, {stdio: ['ignore', 'pipe', 'inherit']})
    const out: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.on('error', reject)
    child.on('close', status => {
      if (status !== 0) return reject(new Error(`robust-marks ended with ${status}`))
      const lines = Buffer.concat(out).toString().split('\n').slice(0, -1)
      console.log(`      core ${core}: ${lines.at(-1)} other opens`)
      resolve(
        lines.slice(0, -1).map(line => {
          const [name = '', before, after] = line.split(' ')
          return {name, before: Number(before) / 1e6, after: Number(after) / 1e6}
        }),
      )
    })
  })
}
