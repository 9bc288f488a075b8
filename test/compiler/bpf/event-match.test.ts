import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {capturePlanOf, compileRuleSet} from '../../../src/app/rules/rule-set.ts'
import {CAPTURES, eventsOf} from '../../../src/schema/capture-table.ts'
import {OWN_EVENT_NAMES} from '../../../src/schema/event-table.ts'

/** The events of our own that a rule with this condition makes the sensor capture. */
function ownEvents(condition: string): string[] {
  const content = `- rule: r\n  desc: d\n  condition: ${condition}\n  output: x\n  priority: DEBUG\n  warn_evttypes: false\n`
  const set = compileRuleSet([{name: 'r.yaml', content}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  assert.ok(set.usable, JSON.stringify(set.loaded.results[0]?.errors))
  return [...capturePlanOf(set).asked]
    .flatMap(index => eventsOf(CAPTURES[index]!))
    .filter(name => OWN_EVENT_NAMES.includes(name))
}

describe('canMatchEvent', () => {
  const cases: readonly {name: string; condition: string; want: readonly string[]}[] = [
    {name: 'one event', condition: 'evt.type = fchmodat2', want: ['fchmodat2']},
    {name: 'one by the other field', condition: 'syscall.type = truncate', want: ['truncate']},
    {
      name: 'those of a list',
      condition: 'evt.type in (chmod, fchmodat2, truncate)',
      want: ['fchmodat2', 'truncate'],
    },
    {
      name: 'either of two',
      condition: '(evt.type = truncate and proc.name = x) or evt.type = fsopen',
      want: ['truncate', 'fsopen'],
    },
    {
      name: 'none for a call that has no event of ours either',
      condition: 'evt.type = reboot',
      want: [],
    },
    {name: 'none for another event', condition: 'evt.type = openat', want: []},
    {
      name: 'all where others are excluded',
      condition: 'not evt.type in (openat, chmod) and evt.type != kill',
      want: OWN_EVENT_NAMES,
    },
    {
      name: 'none where one of them is excluded, and with it the code that all share',
      condition: 'evt.type != truncate',
      want: [],
    },
    {
      name: 'those of a list that are not excluded besides',
      condition: '(evt.type in (truncate, fsopen) and not fd.num = 3) or evt.type in (openat)',
      want: ['truncate', 'fsopen'],
    },
    {
      name: 'all where the name is tested in a way that says nothing before the event',
      condition: 'evt.arg.flags contains x',
      want: OWN_EVENT_NAMES,
    },
    {
      name: 'a parameter of ours',
      condition: 'evt.type = move_mount and evt.arg.to_pathname = /etc',
      want: ['move_mount'],
    },
  ]
  for (const {name, condition, want} of cases)
    it(`captures ${name}`, () => assert.deepEqual(ownEvents(condition).sort(), [...want].sort()))
})
