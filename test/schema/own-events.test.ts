import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import {
  currentEvent,
  eventByCode,
  GENERIC_EVENT_CODES,
  OWN_EVENT_NAMES,
  SYSCALL_NAMES,
} from '../../src/schema/event-table.ts'
import {OWN_EVENTS} from '../../src/schema/tables/events-own.ts'
import {FLAG_TABLES} from '../../src/schema/tables/flags.ts'

describe('events of our own', () => {
  it('leave the generic event what it is', () => {
    for (const code of GENERIC_EVENT_CODES) assert.equal(eventByCode(code)?.name, 'syscall')
  })

  it('are of calls that have no other event', () => {
    assert.equal(new Set(OWN_EVENT_NAMES).size, OWN_EVENT_NAMES.length)
    assert.deepEqual(
      OWN_EVENT_NAMES.filter(name => !SYSCALL_NAMES.has(name)),
      [],
    )
    assert.deepEqual(
      CAPTURES.filter(({event}) => OWN_EVENT_NAMES.includes(String(event))).length,
      OWN_EVENT_NAMES.length,
    )
  })

  for (const {name, exit} of OWN_EVENTS) {
    it(`${name} is found by its name, under the generic code`, () => {
      assert.equal(currentEvent(name), exit)
      assert.ok(GENERIC_EVENT_CODES.includes(exit!.code))
      assert.equal(exit!.params[0]?.name, 'res')
    })

    it(`${name} has parameters that refer to what there is`, () => {
      for (const {type, table, relativeTo} of exit!.params) {
        if (table !== undefined) assert.ok(Object.hasOwn(FLAG_TABLES, table), table)
        if (type === 'fsrelpath') assert.equal(exit!.params[relativeTo!]?.type, 'fd')
      }
    })
  }
})
