import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {capturePlanOf, compileRuleSet} from '../../../../src/app/rules/rule-set.ts'
import type {CapturePlan} from '../../../../src/compiler/bpf/capture-plan.ts'
import {passesFilter} from '../../../../src/compiler/filter/interpret-filter.ts'
import {CAPTURES} from '../../../../src/schema/capture-table.ts'
import {madeRecord} from '../../filter/made-record.ts'

function plan(condition: string, output = 'x', kernelFilter = true): CapturePlan {
  const content = `- rule: r\n  desc: d\n  condition: ${condition}\n  output: "${output}"\n  priority: DEBUG\n`
  const set = compileRuleSet([{name: 'r.yaml', content}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  assert.ok(set.usable, JSON.stringify(set.loaded.results[0]?.errors))
  return capturePlanOf(set, {kernelFilter})
}

const requestOf = (of: CapturePlan, kind: string) =>
  of.kinds.get(CAPTURES.findIndex(capture => capture.kind === kind))

const WRITE = 'evt.type = write and fd.name = /etc/shadow'

describe('plans with filters', () => {
  it('need no call that closes', () => {
    const filtered = plan(WRITE)
    assert.deepEqual([filtered.fds, filtered.everyFd], [true, false])
    for (const kind of ['close', 'close_range', 'pipe2', 'eventfd2'])
      assert.equal(requestOf(filtered, kind), undefined, kind)
    const followed = plan(WRITE, 'x', false)
    assert.deepEqual([followed.fds, followed.everyFd], [true, true])
    for (const kind of ['close', 'close_range', 'pipe2', 'eventfd2'])
      assert.notEqual(requestOf(followed, kind), undefined, kind)
  })

  const everything: readonly [string, string][] = [
    ['looks at all descriptors', 'evt.type = write and proc.stdin.type = pipe'],
    ['looks at what is closed', 'evt.type = close and fd.name = /x'],
  ]
  for (const [name, condition] of everything)
    it(`follow every descriptor for a rule that ${name}`, () => {
      const {everyFd, descriptorTests} = plan(condition)
      assert.equal(everyFd, true)
      assert.equal(descriptorTests.tests.length, 0)
    })

  it('identify the descriptors that rules look at', () => {
    const filtered = plan(WRITE)
    const request = requestOf(filtered, 'write')
    for (const name of ['$file', '$ino', '$mode', '$real'])
      assert.ok(request?.onDemand.has(name), name)
    assert.equal(request?.descriptorSet, filtered.descriptorTests.id)
    assert.deepEqual(
      filtered.descriptorTests.tests.map(({test}) => test.text),
      ['fd.name = ("/etc/shadow")'],
    )
    assert.ok(requestOf(filtered, 'socket')?.onDemand.has('$file'))
    assert.equal(requestOf(plan('evt.type = write'), 'write')?.onDemand.size, 0)
  })

  it('capture makers of the types that a rule asks for', () => {
    const filtered = plan('evt.type = write and fd.type = event')
    assert.notEqual(requestOf(filtered, 'eventfd2'), undefined)
    assert.equal(requestOf(filtered, 'signalfd4'), undefined)
  })

  it('name directories by the kernel with and without filters', () => {
    for (const kernelFilter of [true, false]) {
      const request = requestOf(plan('evt.type = unlinkat', '%fd.name', kernelFilter), 'unlinkat')
      for (const name of ['$file', '$mode', '$real']) assert.ok(request?.onDemand.has(name), name)
    }
  })

  describe('let opens pass for later events', () => {
    const cases: readonly {
      name: string
      condition: string
      output?: string
      path: string
      fd?: bigint
      want: boolean
    }[] = [
      {name: 'the name that is asked for', condition: WRITE, path: '/etc/shadow', want: true},
      {name: 'another name', condition: WRITE, path: '/etc/passwd', want: false},
      {name: 'a failed call', condition: WRITE, path: '/etc/shadow', fd: -2n, want: false},
      {name: 'a name that is unclear', condition: WRITE, path: '/etc/../etc/shadow', want: true},
      {
        name: 'a name that a rule excludes',
        condition: 'evt.type = fchmod and not fd.name startswith /var/log',
        path: '/var/log/x',
        want: true,
      },
      {
        name: 'a name of which no test holds',
        condition: 'evt.type = fchmod and not fd.name startswith /var/log',
        path: '/tmp/x',
        want: false,
      },
      {
        name: 'a name that is only printed',
        condition: 'evt.type = write',
        output: '%fd.name',
        path: '/etc/shadow',
        want: false,
      },
      {
        name: 'a type, which the kernel tells later',
        condition: 'evt.type = write and fd.typechar = f',
        path: '/etc/shadow',
        want: false,
      },
    ]
    for (const {name, condition, output, path, fd = 3n, want} of cases)
      it(name, () => {
        const request = requestOf(plan(condition, output), 'openat')
        const record = madeRecord({kind: 'openat', values: {fd, name: {bytes: path}}})
        const passes =
          request !== undefined && passesFilter(request.filter ?? {kind: 'pass'}, record)
        assert.equal(passes, want)
      })
  })
})
