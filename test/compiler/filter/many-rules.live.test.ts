import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {capturePlanOf, compileRuleSet} from '../../../src/app/rules/rule-set.ts'
import type {CapturePlan} from '../../../src/compiler/bpf/capture-plan.ts'
import type {HookChoice} from '../../../src/compiler/bpf/hook-plan.ts'
import {kernelPrograms} from '../../../src/compiler/bpf/kernel-programs.ts'
import {passesFilter} from '../../../src/compiler/filter/interpret-filter.ts'
import {requireLive} from '../../support/live.ts'
import {openSensor, sensorSetting} from '../../support/open-sensor.ts'
import {layoutNamed, madeRecord} from './made-record.ts'

/** Conditions of rules that differ in paths, names and ports, as people write them. */
const CONDITIONS: readonly ((at: number) => string)[] = [
  at =>
    `evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.name = /opt/app${at}/run`,
  at =>
    `evt.type in (open, openat) and evt.is_open_write = true and fd.name startswith /srv/data${at}/ and not proc.name in (app${at}, sh)`,
  at =>
    `evt.type in (openat, openat2) and evt.is_open_write = true and fd.directory = /var/lib/p${at}`,
  at =>
    `evt.type = openat and evt.is_open_write = true and fd.name endswith .ext${at} and proc.name = app${at}`,
  at => `evt.type in (unlink, unlinkat) and fs.path.name startswith /home/u${at}/`,
  at => `evt.type = connect and fd.sport = ${1024 + at} and proc.name = app${at}`,
  at => `evt.type in (rename, renameat, renameat2) and fs.path.target = /etc/conf${at}/main`,
  at => `evt.type = openat and evt.is_open_write = true and fd.name glob "/data/set${at}/*.key"`,
]

function planOf(count: number): CapturePlan {
  const rules = Array.from({length: count}, (_, at) => {
    const condition = CONDITIONS[at % CONDITIONS.length]!(at)
    return `- rule: r${at}\n  desc: d\n  condition: ${JSON.stringify(condition)}\n  output: x\n  priority: ERROR\n`
  })
  const content = rules.join('')
  const set = compileRuleSet([{name: 'many.yaml', content}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  assert.equal(set.rules.length, count)
  return capturePlanOf(set, {kernelFilter: true})
}

const slotsOf = (plan: CapturePlan, hooks: HookChoice): Map<string, number> =>
  new Map(
    kernelPrograms(plan, sensorSetting(plan, {hooks})).map(({name, instructions}) => [
      name,
      instructions.length,
    ]),
  )

describe('programs of many rules', function () {
  this.timeout(120_000)

  for (const hooks of ['tp_btf', 'raw_tp', 'tracepoint'] as const) {
    it(`are accepted by the kernel, for ${hooks}`, function () {
      requireLive(this, {feature: 'program loading'})
      for (const count of [1000, 10_000]) openSensor(planOf(count), {hooks}).close()
    })
  }

  it('grow far less than the rules', function () {
    requireLive(this, {feature: 'program loading'})
    const [few, many] = [slotsOf(planOf(1000), 'tp_btf'), slotsOf(planOf(10_000), 'tp_btf')]
    for (const [name, slots] of many)
      assert.ok(slots < 1.5 * few.get(name)! + 500, `${name}: ${few.get(name)} and ${slots}`)
  })

  it('still leave in the kernel what no rule names', () => {
    const plan = planOf(10_000)
    const layout = layoutNamed('openat')
    const filter = plan.kinds.get(layout.index)!.filter!
    const passes = (path: string, flags: bigint): boolean =>
      passesFilter(
        filter,
        madeRecord({kind: 'openat', values: {fd: 3n, flags, name: {bytes: path}}}),
      )
    assert.equal(passes('/opt/app8000/run', 1n), true)
    assert.equal(passes('/srv/data8001/x', 1n), true)
    assert.equal(passes('/opt/other', 1n), false)
    assert.equal(passes('/opt/app8000/run', 0n), false)
  })
})
