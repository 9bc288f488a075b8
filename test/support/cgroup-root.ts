import {existsSync} from 'node:fs'
import type {Context} from 'mocha'

/** Where control groups can be made: a v1 hierarchy, the v2 one beside it, or the only one there is. */
const ROOTS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup']

/** A hierarchy of control groups. Skips the test where there is none. @throws Error instead when `REQUIRE_LIVE=1` */
export function cgroupRoot(context: Context): string {
  const root = ROOTS.find(path => existsSync(`${path}/cgroup.procs`))
  if (root !== undefined) return root
  if (process.env['REQUIRE_LIVE'] === '1') throw new Error('no control groups are mounted')
  console.log('      skipping control groups: none are mounted')
  return context.skip()
}
