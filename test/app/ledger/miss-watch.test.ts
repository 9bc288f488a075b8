import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {LedgerChange} from '../../../src/app/ledger/ledger.ts'
import {type MissCounters, MissWatch} from '../../../src/app/ledger/miss-watch.ts'
import {CAPTURES} from '../../../src/schema/capture-table.ts'

const OPENAT = CAPTURES.findIndex(({kind}) => kind === 'openat')
const AT = {atMs: 7, generation: 3}
const NONE: MissCounters = {
  kinds: new Map(),
  socketcalls: 0,
  refusedAlerts: 0,
  evictedThreads: 0,
  unknownThreads: 0,
  mendedThreads: 0,
  doubtedDescriptors: 0,
  containerUnknown: 0,
  stateLost: 0,
}

function mkWatch(): {readonly watch: MissWatch; readonly told: LedgerChange[][]} {
  const told: LedgerChange[][] = []
  const watch = new MissWatch(changes => told.push([...changes]))
  watch.setRules(kind => ({rules: [kind === undefined ? 'every' : `asks ${kind}`], total: 1}))
  return {watch, told}
}

function openat(full: number, cut = 0): MissCounters {
  return {...NONE, kinds: new Map([[OPENAT, {full, tooLarge: 0, fault: 0, cut}]])}
}

describe('the watch on misses', () => {
  it('tells what is new, once, with the rules that ask for the kind', () => {
    const {watch, told} = mkWatch()
    watch.look(openat(5), AT)
    watch.look(openat(5), AT)
    watch.look(openat(7, 1), AT)
    const affected = {rules: [`asks ${OPENAT}`], total: 1}
    const common = {change: 'add', kind: 'openat', affected, ...AT}
    assert.deepEqual(told, [
      [{...common, cause: 'ring_full', count: 5}],
      [
        {...common, cause: 'ring_full', count: 2},
        {...common, cause: 'cut', count: 1},
      ],
    ])
  })

  const causes: {counter: keyof MissCounters; cause: string; change?: string}[] = [
    {counter: 'socketcalls', cause: 'socketcalls'},
    {counter: 'refusedAlerts', cause: 'alert_backlog_full'},
    {counter: 'evictedThreads', cause: 'evicted_threads'},
    {counter: 'unknownThreads', cause: 'unknown_threads'},
    {counter: 'mendedThreads', cause: 'mended_threads'},
    {counter: 'doubtedDescriptors', cause: 'doubted_descriptors'},
    {counter: 'containerUnknown', cause: 'container_unknown'},
    {counter: 'stateLost', cause: 'state_incomplete', change: 'begin'},
  ]
  for (const {counter, cause, change = 'add'} of causes) {
    it(`tells ${counter} as ${cause}, which concerns every rule`, () => {
      const {watch, told} = mkWatch()
      watch.look({...NONE, [counter]: 4}, AT)
      assert.deepEqual(told, [
        [{change, cause, count: 4, affected: {rules: ['every'], total: 1}, ...AT}],
      ])
    })
  }

  it('ends the time in which the state is not whole', () => {
    const {watch, told} = mkWatch()
    watch.mended(9)
    assert.deepEqual(told, [[{change: 'end', cause: 'state_incomplete', atMs: 9}]])
  })
})
