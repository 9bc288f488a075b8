import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {capturePlanOf, compileRuleSet} from '../../../src/app/rules/rule-set.ts'
import type {CaptureOptions, CapturePlan} from '../../../src/compiler/bpf/capture-plan.ts'
import {CAPTURES} from '../../../src/schema/capture-table.ts'

const ALWAYS = [
  'exec',
  'new_task',
  'procexit',
  'chdir',
  'fchdir',
  'chroot',
  'setuid',
  'setgid',
  'setreuid',
  'setregid',
  'setresuid',
  'setresgid',
  'capset',
  'setsid',
  'setns',
  'unshare',
]
/** What is captured to follow descriptors. */
const FDS = CAPTURES.filter(({state}) => state === 'fds').map(({kind}) => kind)

function plan(condition: string, output = 'x', options?: CaptureOptions): CapturePlan {
  const content = `- rule: r\n  desc: d\n  condition: ${condition}\n  output: "${output}"\n  priority: DEBUG\n`
  const set = compileRuleSet([{name: 'r.yaml', content}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  assert.ok(set.usable, JSON.stringify(set.loaded.results[0]?.errors))
  return capturePlanOf(set, options)
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
      want: ['openat', 'ring_openat', 'unlink'],
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
      want: [...FDS, 'write'],
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
      want: FDS,
    },
    {
      name: 'follows descriptors for the standard ones of a process',
      condition: 'evt.type = unlink and proc.stdin.type = ipv4',
      fds: true,
      want: [...FDS, 'unlink'],
    },
    {
      name: 'keeps environments when a rule looks at one',
      condition: 'evt.type = openat and proc.env[X] = y',
      env: true,
      want: ['openat', 'ring_openat'],
    },
    {
      name: 'finds fields inside transformers',
      condition: 'evt.type = openat and tolower(proc.env) contains y',
      env: true,
      want: ['openat', 'ring_openat'],
    },
    {
      name: 'sees through not and or',
      condition: 'evt.type = openat or (evt.type = unlink and not proc.name = x)',
      want: ['openat', 'ring_openat', 'unlink'],
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

  it('takes the real file only when a rule looks at it', () => {
    const real = (of: CapturePlan, kind: string): string[] => [
      ...(of.kinds.get(CAPTURES.findIndex(capture => capture.kind === kind))?.onDemand ?? []),
    ]
    assert.deepEqual(
      real(plan('evt.type in (write, openat)', '%evt.args %evt.arg[0]'), 'openat'),
      [],
    )
    assert.deepEqual(real(plan('evt.type = write and fs.real.path = /x'), 'write'), [
      '$file',
      '$real',
      '$dev',
      '$ino',
      '$mnt',
    ])
    assert.deepEqual(real(plan('evt.type = openat', '%fs.real.name'), 'openat'), ['$real', '$mnt'])
  })

  it('follows descriptors by every call that makes, copies or closes them', () => {
    for (const kind of ['open', 'openat', 'openat2', 'creat', 'open_by_handle_at', 'close', 'dup'])
      assert.ok(FDS.includes(kind), kind)
  })

  it('takes everything for a rule that names no event', () => {
    assert.equal(plan('proc.name = x').kinds.size, CAPTURES.length)
  })

  describe('copies at the beginning of calls', () => {
    const copies = (condition: string, output?: string, entryCopies = true): string[] => {
      const {entryCopies: planned, kinds: requests} = plan(condition, output, {entryCopies})
      for (const [index, request] of requests)
        assert.equal(request.entryCopy === true, planned.has(index), CAPTURES[index]!.kind)
      return [...planned].map(index => CAPTURES[index]!.kind)
    }
    const entries: readonly {name: string; condition: string; output?: string; want: string[]}[] = [
      {
        name: 'are made for a path that a rule decides on',
        condition: 'evt.type in (openat, creat) and fd.name startswith /etc',
        want: ['openat', 'creat'],
      },
      {
        name: 'are made for an address',
        condition: 'evt.type = connect and fd.sip = 10.0.0.1',
        want: ['connect'],
      },
      {
        name: 'are made for the parameter itself',
        condition: 'evt.type = open and evt.rawarg.name = /x',
        want: ['open'],
      },
      {
        name: 'are made for the path of a call',
        condition: 'evt.type = open and fs.path.name = /x',
        want: ['open'],
      },
      {
        name: 'are not made for a path that is only printed',
        condition: 'evt.type = openat and proc.name = x',
        output: '%fd.name',
        want: [],
      },
      {
        name: 'are not made of calls that only tell of descriptors',
        condition: 'evt.type = write and fd.name = /x',
        want: [],
      },
    ]
    for (const {name, condition, output, want} of entries)
      it(name, () => assert.deepEqual(copies(condition, output), want))

    it('are not made unless asked for', () => {
      assert.deepEqual(copies('evt.type = openat and fd.name = /x', 'x', false), [])
      assert.equal(plan('evt.type = openat and fd.name = /x').entryCopies.size, 0)
    })
  })
})
