import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {capturePlanOf, compileRuleSet} from '../../../src/app/rule-set.ts'
import type {CapturePlan} from '../../../src/compiler/bpf/capture-plan.ts'
import {CAPTURES} from '../../../src/schema/capture-table.ts'

const ALWAYS = ['exec', 'new_task', 'procexit', 'chdir', 'fchdir']

function plan(condition: string, output = 'x'): CapturePlan {
  const content = `- rule: r\n  desc: d\n  condition: ${condition}\n  output: "${output}"\n  priority: DEBUG\n`
  const set = compileRuleSet([{name: 'r.yaml', content}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  assert.ok(set.usable, JSON.stringify(set.loaded.results[0]?.errors))
  return capturePlanOf(set)
}

const kinds = (of: CapturePlan): string[] =>
  [...of.kinds.keys()].map(index => CAPTURES[index]!.kind)
const others = (of: CapturePlan): string[] => kinds(of).filter(kind => !ALWAYS.includes(kind))

describe('planCaptures', () => {
  const cases: readonly {
    name: string
    condition: string
    output?: string
    want: readonly string[]
    fds?: boolean
    env?: boolean
  }[] = [
    {
      name: 'takes just the events of the rule',
      condition: 'evt.type in (openat, unlink)',
      want: ['openat', 'unlink'],
    },
    {
      name: 'takes both ways a program can start, and fail to',
      condition: 'evt.type = execve',
      want: ['exec_failed'],
    },
    {
      name: 'follows descriptors for a name on a write',
      condition: 'evt.type = write and fd.name = /x',
      fds: true,
      want: [
        'open',
        'openat',
        'openat2',
        'creat',
        'close',
        'close_range',
        'dup',
        'dup2',
        'dup3',
        'fcntl',
        'connect',
        'write',
      ],
    },
    {
      name: 'follows no descriptor for a write without one',
      condition: 'evt.type = write and proc.name = x',
      want: ['write'],
    },
    {
      name: 'follows descriptors that only the output names',
      condition: 'evt.type = close',
      output: '%fd.name',
      fds: true,
      want: [
        'open',
        'openat',
        'openat2',
        'creat',
        'close',
        'close_range',
        'dup',
        'dup2',
        'dup3',
        'fcntl',
        'connect',
      ],
    },
    {
      name: 'keeps environments when a rule looks at one',
      condition: 'evt.type = openat and proc.env[X] = y',
      env: true,
      want: ['openat'],
    },
    {
      name: 'finds fields inside transformers',
      condition: 'evt.type = openat and tolower(proc.env) contains y',
      env: true,
      want: ['openat'],
    },
    {
      name: 'sees through not and or',
      condition: 'evt.type = openat or (evt.type = unlink and not proc.name = x)',
      want: ['openat', 'unlink'],
    },
  ]
  for (const {name, condition, output, want, fds = false, env = false} of cases) {
    it(name, () => {
      const got = plan(condition, output)
      assert.deepEqual(others(got).sort(), [...want].sort())
      assert.deepEqual([got.fds, got.env], [fds, env])
      for (const kind of ALWAYS) assert.ok(kinds(got).includes(kind), kind)
    })
  }

  it('asks for every call of what a rule names, and for the state’s part of the rest', () => {
    const everyCall = (of: CapturePlan): boolean | undefined =>
      of.kinds.get(CAPTURES.findIndex(({kind}) => kind === 'fcntl'))?.everyCall
    assert.equal(everyCall(plan('evt.type in (write, fcntl) and fd.name = x')), true)
    assert.equal(everyCall(plan('evt.type = write and fd.name = x')), false)
  })

  it('takes the bytes of a write only when they are looked at', () => {
    const data = (of: CapturePlan): boolean =>
      of.kinds.get(CAPTURES.findIndex(({kind}) => kind === 'write'))?.onDemand.has('data') ?? false
    assert.equal(data(plan('evt.type = write')), false)
    assert.equal(data(plan('evt.type = write and evt.buffer contains x')), true)
    assert.equal(data(plan('evt.type = write', '%evt.args')), true)
  })

  it('takes everything for a rule that names no event', () => {
    assert.equal(plan('proc.name = x').kinds.size, CAPTURES.length)
  })
})
