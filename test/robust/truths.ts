/** Programs that know the truth about themselves, and what the detector says of them at the same moments. */
import assert from 'node:assert/strict'
import {execFileSync, spawn} from 'node:child_process'
import {mkdirSync, mkdtempSync, readdirSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {armedDetector, type DetectorProcess, readSummary} from '../support/detector-process.ts'

/** Whether the big sizes are asked for. */
export const FULL = process.env['ROBUST'] === 'full'

/** Fields by name, as a program tells them and as alerts carry them. */
export type Fields = Readonly<Record<string, unknown>>

/** One alert of the detector's JSON output. */
export interface AlertLine {
  readonly rule: string
  readonly output_fields: Fields
}

/** Fields that each mark's alert carries. */
const MARK_FIELDS = [
  'fd.name',
  'proc.pid',
  'thread.tid',
  'proc.vpid',
  'thread.vtid',
  'user.uid',
  'group.gid',
  'proc.pgid',
  'proc.sid',
  'proc.ppid',
  'proc.pname',
  'proc.name',
  'proc.exe',
  'proc.exepath',
  'proc.cmdline',
  'proc.args',
  'proc.cwd',
  'proc.nthreads',
  'proc.stdin.name',
  'proc.is_exe_from_memfd',
  'proc.is_exe_upper_layer',
  'proc.is_exe_lower_layer',
  ...[1, 2, 3, 4].flatMap(level => [`proc.apid[${level}]`, `proc.aname[${level}]`]),
]
/** Members of a truth that are no fields. */
const NO_FIELDS: ReadonlySet<string> = new Set(['scene'])

/** A rule of the test's own. */
export function ruleText(name: string, condition: string, fields: readonly string[]): string {
  return JSON.stringify({
    rule: name,
    desc: 'test',
    condition,
    output: fields.map(field => `%${field}`).join(' '),
    priority: 'NOTICE',
  })
}

/** A folder with the rules of a test and its mark: the beginning of the names that its programs open. */
export interface RobustFolder {
  readonly path: string
  readonly mark: string
  /** Folder of rule files. */
  readonly rules: string
  readonly remove: () => void
}

/** Makes a folder with a rule for the marks, whose alerts carry these fields too. */
export function robustFolder(further: readonly string[] = []): RobustFolder {
  const path = mkdtempSync(join(tmpdir(), 'detector-robust-'))
  const mark = `/nowhere${path}/`
  const folder: RobustFolder = {
    path,
    mark,
    rules: join(path, 'rules'),
    // Node cannot remove what lies deeper than a path reaches.
    remove: () => void execFileSync('rm', ['-rf', path]),
  }
  mkdirSync(folder.rules)
  addRules(folder, [
    ruleText('mark', `evt.type = openat and fd.name startswith ${mark}`, [
      ...MARK_FIELDS,
      ...further,
    ]),
    // With a rule about descriptors that are open already, the state follows them all.
    ruleText('follow', `evt.type = write and fd.name = ${mark}`, ['fd.name']),
  ])
  return folder
}

/** Adds rules to those of the folder. */
export function addRules({rules}: RobustFolder, texts: readonly string[]): void {
  const name = `${readdirSync(rules).length}.yaml`
  writeFileSync(join(rules, name), `[${texts.join(',\n')}]`)
}

/** Starts the detector with the folder's rules; every match alerts. */
export function startDetector(
  {path, rules}: RobustFolder,
  ...args: readonly string[]
): Promise<DetectorProcess> {
  const summary = join(path, 'summary.json')
  return armedDetector(['-r', rules, '--json', '--match', 'all', '--summary', summary, ...args])
}

/** Runs a program to its end with the mark in its environment, and gives what it told. */
export function runTruths(
  program: string,
  args: readonly string[],
  mark: string,
): Promise<Fields[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {...process.env, ROBUST_MARK: mark},
    })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) resolve(jsonLines(Buffer.concat(out).toString('latin1')))
      else
        reject(new Error(`${program} ${args.join(' ')} ended with ${code}: ${Buffer.concat(err)}`))
    })
  })
}

/** No event of the whole host was lost. Another burst on the same machine may make it fail: the kinds of event tell. */
export function assertNoDrops({path}: RobustFolder): void {
  const {drops, by_kind: kinds} = readSummary(join(path, 'summary.json'))
  const lost = Object.entries(kinds)
    .filter(([, {dropped}]) => dropped > 0)
    .map(([kind, {seen, dropped}]) => `${kind}: ${dropped} of ${seen}`)
  assert.deepEqual([drops.total, lost], [0, []], 'events were lost')
}

/** The alerts that the detector has printed so far, of one rule. */
export function alertsOf(run: DetectorProcess, rule: string): Fields[] {
  return run
    .stdout()
    .map(line => JSON.parse(line) as AlertLine)
    .filter(alert => alert.rule === rule)
    .map(alert => alert.output_fields)
}

/**
 * Each truth of a scene has exactly one alert, which says the same of every field that the program told; nothing else alerts.
 * Fields that are not told of are not compared.
 */
export function assertTruths(truths: readonly Fields[], alerts: readonly Fields[]): void {
  const byName = new Map(alerts.map(alert => [alert['fd.name'], alert]))
  const wrong: string[] = []
  for (const truth of truths) {
    const alert = byName.get(truth['fd.name'])
    const differences = alert === undefined ? ['no alert'] : differencesOf(truth, alert)
    if (differences.length > 0) wrong.push(`${truth['scene']}: ${differences.join('; ')}`)
  }
  assert.deepEqual(wrong.slice(0, 8), [], `${wrong.length} of ${truths.length} truths differ`)
  assert.equal(alerts.length, truths.length, 'one alert a truth')
  assert.ok(truths.length > 0, 'something was told')
}

function differencesOf(truth: Fields, alert: Fields): string[] {
  return Object.entries(truth)
    .filter(([name, value]) => !NO_FIELDS.has(name) && alert[name] !== value)
    .map(([name, value]) => `${name} is ${shown(value)}, the alert says ${shown(alert[name])}`)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length})` : text
}

/** The JSON objects of a text, one a line. */
export function jsonLines(text: string): Fields[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Fields)
}
