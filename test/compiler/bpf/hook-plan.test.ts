import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {
  callEvents,
  type HookChoice,
  type HookPlan,
  type KernelHooks,
  planHooks,
} from '../../../src/compiler/bpf/hook-plan.ts'
import {callEvent} from '../../../src/compiler/bpf/hooks/call-events.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {CAPTURES} from '../../../src/schema/capture-table.ts'
import {SYSCALLS_X86_64} from '../../../src/schema/tables/syscalls.ts'

const everyEvent: ReadonlySet<string> = new Set(
  SYSCALLS_X86_64.flatMap(([nr]) => [callEvent('sys_enter', nr)!, callEvent('sys_exit', nr)!]),
)
const modern: KernelHooks = {typed: true, callEvents: everyEvent, compatCalls: true}
const indexOf = (kind: string): number => CAPTURES.findIndex(capture => capture.kind === kind)

function plan(
  kinds: readonly string[],
  kernel: Partial<KernelHooks> = {},
  choice?: HookChoice,
  entryCopies: readonly string[] = [],
): HookPlan {
  const request = {onDemand: new Set<string>(), everyCall: true}
  return planHooks(
    {
      kinds: new Map(kinds.map(kind => [indexOf(kind), request])),
      entryCopies: new Set(entryCopies.map(indexOf)),
    },
    {...modern, ...kernel},
    choice,
  )
}

describe('planHooks', () => {
  const rare = ['ptrace', 'setns', 'exec', 'procexit']
  const hot = ['read', 'write', 'close', 'openat']
  const cases: readonly {
    name: string
    kinds: readonly string[]
    kernel?: Partial<KernelHooks>
    choice?: HookChoice
    want: Partial<HookPlan>
  }[] = [
    {
      name: 'takes the typed hook where 32-bit calls can be made',
      kinds: rare,
      want: {calls: 'tp_btf', others: 'tp_btf', watchCompat: false},
    },
    {
      name: 'takes trace events for few and rare calls where there are only 64-bit ones',
      kinds: rare,
      kernel: {compatCalls: false},
      want: {calls: 'tracepoint', others: 'tp_btf', watchCompat: false},
    },
    {
      name: 'takes the typed hook for hot calls',
      kinds: hot,
      kernel: {compatCalls: false},
      want: {calls: 'tp_btf'},
    },
    {
      name: 'takes the typed hook for many calls',
      kinds: CAPTURES.filter(({hook}) => hook.at === 'sys_exit')
        .map(({kind}) => kind)
        .slice(0, 60),
      kernel: {compatCalls: false},
      want: {calls: 'tp_btf'},
    },
    {
      name: 'takes the raw hook where arguments have no types',
      kinds: rare,
      kernel: {typed: false},
      want: {calls: 'raw_tp', others: 'raw_tp'},
    },
    {
      name: 'takes no trace events that the kernel does not have',
      kinds: rare,
      kernel: {compatCalls: false, callEvents: new Set(['syscalls/sys_exit_ptrace'])},
      want: {calls: 'tp_btf'},
    },
    {
      name: 'keeps to what was asked for',
      kinds: hot,
      choice: 'raw_tp',
      want: {calls: 'raw_tp', others: 'raw_tp', reason: 'raw_tp was asked for'},
    },
    {
      name: 'watches for 32-bit calls beside trace events',
      kinds: hot,
      choice: 'tracepoint',
      want: {calls: 'tracepoint', others: 'tp_btf', watchCompat: true},
    },
  ]
  for (const {name, kinds, kernel, choice, want} of cases) {
    it(name, () => {
      const got = plan(kinds, kernel, choice)
      for (const [key, value] of Object.entries(want))
        assert.equal(got[key as keyof HookPlan], value, key)
      assert.match(got.reason, /^[^\n.]+$/)
    })
  }

  it('refuses what the kernel cannot do', () => {
    for (const [choice, kernel] of [
      ['tp_btf', {typed: false}],
      ['tracepoint', {callEvents: undefined}],
    ] as const) {
      assert.throws(
        () => plan(rare, kernel, choice),
        (error: unknown) =>
          error instanceof CodedError &&
          error.code === 'SENSOR_UNSUPPORTED' &&
          error.message.includes(choice) &&
          error.hint !== undefined,
      )
    }
  })

  it('estimates more for a second side, and for a watch beside trace events', () => {
    const cost = (...of: Parameters<typeof plan>): number => plan(...of).costNs
    assert.ok(cost(['openat'], {}, 'tp_btf', ['openat']) > cost(['openat'], {}, 'tp_btf'))
    assert.ok(cost(rare, {}, 'tracepoint') > cost(rare, {compatCalls: false}, 'tracepoint'))
    assert.ok(cost(rare, {}, 'raw_tp') > cost(rare, {}, 'tp_btf'))
    assert.ok(cost(hot, {}, 'tracepoint') > cost(rare, {}, 'tracepoint'))
  })
})

describe('callEvents', () => {
  it('names each call once, in the order of their numbers', () => {
    const kinds = ['umount2', 'exec_failed', 'exec', 'openat', 'open'].map(indexOf)
    assert.deepEqual(callEvents('sys_exit', kinds, undefined), [
      'syscalls/sys_exit_open',
      'syscalls/sys_exit_execve',
      'syscalls/sys_exit_umount',
      'syscalls/sys_exit_openat',
    ])
  })

  it('leaves out what the kernel does not have', () => {
    const available = new Set(['syscalls/sys_enter_open'])
    assert.deepEqual(callEvents('sys_enter', ['open', 'openat'].map(indexOf), available), [
      'syscalls/sys_enter_open',
    ])
  })
})
