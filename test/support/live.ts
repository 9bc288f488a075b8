import {existsSync} from 'node:fs'
import type {Context} from 'mocha'

/** What a live test needs of the machine. */
export interface LiveNeeds {
  /** What the test is about, for the message: `ring buffer`. */
  readonly feature: string
}

const told = new Set<string>()

/** Why live tests cannot run here; undefined when they can. */
export function liveObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root: needs CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'no /sys/kernel/btf/vmlinux'
  return undefined
}

/**
 * First line of a test or hook that loads programs into the kernel: skips it with one clear reason where the machine
 * cannot do that.
 *
 * @throws Error instead of skipping when `REQUIRE_LIVE=1`
 */
export function requireLive(context: Context, {feature}: LiveNeeds): void {
  const obstacle = liveObstacle()
  if (obstacle === undefined) return
  if (process.env['REQUIRE_LIVE'] === '1')
    throw new Error(`${feature} cannot be tested: ${obstacle}`)
  // A hook that skips says nothing of why in the list of its tests: told here, once a feature.
  if (!told.has(feature)) console.log(`      skipping ${feature}: ${obstacle}`)
  told.add(feature)
  context.skip()
}
