import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {compileC} from '../support/compile-c.ts'
import {
  armedDetector,
  type DetectorProcess,
  type ProcessOptions,
} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'
import {
  alertsOf,
  assertNoDrops,
  assertTruths,
  type RobustFolder,
  robustFolder,
  runTruths,
} from './truths.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
/** Short processes that make more events than fit in what is gathered before it is written. */
const STORM = ['storm', '1000']
/** A mount namespace of its own with a disk of 1 MiB at the path that comes first; what follows is run there. */
const SMALL_DISK = 'mount -t tmpfs -o size=1m robust "$0" && exec "$@"'

describe('a recording that ends before its time', function () {
  this.timeout(60_000)
  let folder: RobustFolder
  let run: DetectorProcess | undefined
  let program: string

  beforeEach(function () {
    requireLive(this as never, {feature: 'recording'})
    folder = robustFolder()
    program = compileC(this as never, 'robust-tasks', folder.path)
  })
  afterEach(async () => {
    await run?.end('SIGKILL')
    run = undefined
    folder?.remove()
  })

  const start = async (capture: string, options: ProcessOptions = {}): Promise<DetectorProcess> => {
    const summary = join(folder.path, 'summary.json')
    const args = ['-r', folder.rules, '--json', '--match', 'all', '--summary', summary]
    run = await armedDetector([...args, '--record', capture], options)
    return run
  }
  const replay = (capture: string): {status: number | null; stderr: string; names: string[]} => {
    const {status, stdout, stderr} = spawnSync(
      process.execPath,
      [MAIN, 'replay', capture, '-r', folder.rules, '--json', '--match', 'all'],
      {encoding: 'utf8', maxBuffer: 2 ** 28},
    )
    const names = stdout
      .split('\n')
      .slice(0, -1)
      .map(line =>
        String((JSON.parse(line) as {output_fields: object}).output_fields['fd.name' as never]),
      )
    return {status, stderr, names}
  }

  for (const form of ['scap', 'scap.gz', 'jsonl']) {
    it(`by SIGKILL replays up to its last whole piece, as .${form}`, async () => {
      const capture = join(folder.path, `capture.${form}`)
      const detector = await start(capture)
      const lists = statSync(capture).size
      const truths = await runTruths(program, STORM, folder.mark)
      await eventually(() => statSync(capture).size > lists, {what: 'events to be written'})
      assert.equal(await detector.end('SIGKILL'), null)
      const told = new Set(truths.map(truth => truth['fd.name']))
      const killed = replay(capture)
      // Pieces are written whole, so there is nothing that could be damaged.
      assert.equal(killed.status, 0, killed.stderr)
      assert.ok(killed.names.length > 0 && killed.names.every(name => told.has(name)))
      assert.equal(new Set(killed.names).size, killed.names.length)

      const bytes = readFileSync(capture)
      writeFileSync(capture, bytes.subarray(0, bytes.length - 7))
      const cut = replay(capture)
      assert.equal(cut.status, 1)
      assert.match(cut.stderr, /warning: .*damaged at/)
      assert.deepEqual(cut.names, killed.names.slice(0, cut.names.length))
    })
  }

  for (const form of ['scap', 'jsonl']) {
    it(`by a full disk goes on as detection, as .${form}`, async () => {
      const disk = join(folder.path, 'disk')
      const capture = join(disk, `capture.${form}`)
      mkdirSync(disk)
      const under = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', SMALL_DISK, disk]
      const detector = await start(capture, {under})
      const before = await runTruths(program, STORM, folder.mark)
      await eventually(() => detector.stderr().includes('ENOSPC'), {what: 'the disk to be full'})
      const later = await runTruths(program, ['ids'], folder.mark)
      await eventually(() => alertsOf(detector, 'mark').length === before.length + later.length, {
        what: 'every alert to come',
      })
      const copy = join(folder.path, `copy.${form}`)
      copyFileSync(join('/proc', String(detector.pid), 'root', capture), copy)
      assert.equal(detector.stderr().match(/ENOSPC/g)?.length, 1, 'said once while it runs')
      assert.equal(await detector.end('SIGINT'), 0)
      assertTruths([...before, ...later], alertsOf(detector, 'mark'))
      assertNoDrops(folder)
      const {status, stderr, names} = replay(copy)
      assert.equal(status, 0, stderr)
      assert.ok(names.length > 0 && names.length < before.length)
    })
  }
})
