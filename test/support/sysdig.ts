import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import type {Context} from 'mocha'

const VERSION = '0.29.3'
/** Number, time, thread, direction, type and arguments; the star keeps lines that lack one of them. */
const FORMAT = '*%evt.num %evt.rawtime %thread.tid %evt.dir %evt.type %evt.args'

/**
 * First line of a test or hook that asks sysdig: skips it with a reason where there is none.
 *
 * @throws Error instead of skipping when `REQUIRE_LIVE=1`
 */
export function requireSysdig(context: Context): void {
  const {stdout} = spawnSync('sysdig', ['--version'], {encoding: 'utf8'})
  if (stdout?.includes(VERSION) === true) return
  const reason = `sysdig ${VERSION} is not installed`
  if (process.env['REQUIRE_LIVE'] === '1') throw new Error(reason)
  console.log(`      skipping: ${reason}`)
  context.skip()
}

/** The lines that it lists of a capture, without blanks at their ends. */
export function sysdigLines(path: string): readonly string[] {
  const {stdout, status, stderr} = spawnSync('sysdig', ['-r', path, '-p', FORMAT], {
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  })
  assert.equal(status, 0, stderr)
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.trimEnd())
}
