import assert from 'node:assert/strict'
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync} from 'node:fs'
import {afterEach, describe, it} from 'mocha'
import {containerIdOf} from '../../../src/state/containers/container-id.ts'
import {requireLive} from '../../support/live.ts'

const ID = '0123456789abcdef'.repeat(4)
/** Where a control group can be made, by version and set-up of the host. */
const ROOTS = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup/unified', '/sys/fs/cgroup']

describe('containers of live processes', () => {
  const folders: string[] = []
  let child: ChildProcess | undefined
  afterEach(async () => {
    if (child !== undefined && child.exitCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    child = undefined
    for (const folder of folders.splice(0).toReversed()) rmdirSync(folder)
  })

  const make = (folder: string): void => {
    mkdirSync(folder)
    folders.push(folder)
  }
  const cases: {name: string; path: (top: string) => string[]; want: string}[] = [
    {name: 'Docker', path: top => [top, `docker-${ID}.scope`], want: 'docker'},
    {name: 'Podman', path: top => [top, `libpod-${ID}.scope`, 'container'], want: 'podman'},
    {name: 'a pod', path: top => [top, 'kubepods', ID], want: 'cri'},
  ]
  for (const {name, path, want} of cases) {
    it(`are known by a control group as ${name} makes it`, async function () {
      requireLive(this, {feature: 'control groups'})
      const root = ROOTS.find(one => existsSync(`${one}/cgroup.procs`))
      assert.ok(root, 'no control groups are mounted')
      let at = root
      for (const part of path(`detector-test-${process.pid}`)) {
        at = `${at}/${part}`
        make(at)
      }
      child = spawn('/bin/sleep', ['60'], {stdio: 'ignore'})
      await once(child, 'spawn')
      writeFileSync(`${at}/cgroup.procs`, String(child.pid))
      const lines = readFileSync(`/proc/${child.pid}/cgroup`, 'latin1').trimEnd().split('\n')
      const match = containerIdOf(lines)
      assert.equal(match?.runtime, want)
      assert.equal(match?.fullId, ID)
      assert.equal(match?.id, ID.slice(0, 12))
    })
  }
})
