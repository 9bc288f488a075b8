import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {DetectionStatus} from '../../../src/app/detection/protocol.ts'
import {
  type StageParts,
  stageImbalances,
  stagesOf,
  sumOfKinds,
} from '../../../src/app/status/stages.ts'
import {mkLane} from '../../support/queue-stats.ts'

const KIND = {
  seen: 100,
  filtered: 50,
  passed: 40,
  read: 38,
  dropped: 10,
  matched: 6,
  unreadable: 0,
  cut: 0,
}
const EMPTY = {bytes: 0, sizeBytes: 1024}
const STATUS: DetectionStatus = {
  alerts: 9,
  byRule: {},
  byPriority: {},
  byKind: {},
  drops: {ring_full: 7, too_large: 3},
  socketcalls: 0,
  evictedThreads: 0,
  unknownThreads: 0,
  mendedThreads: 0,
  containers: {held: 5, answered: 1, timeout: 1, overflow: 1},
  hooks: [],
  rules: 1,
  generation: 1,
  lanes: {state: EMPTY, bulk: EMPTY},
  backlog: 2,
  refusedAlerts: 3,
  threads: 1,
  stateWhole: true,
  kernelFilter: true,
}
const LANE = mkLane({
  recovered: 2,
  accepted: 11,
  refused: 1,
  delivered: 5,
  deadLettered: 2,
  dropped: 1,
  abandoned: 1,
  kept: 1,
  pending: 3,
})

function mkParts(extra: Partial<StageParts> = {}): StageParts {
  const events = sumOfKinds({open: KIND})
  return {status: STATUS, events, received: 4, dispatched: 12, lanes: [LANE], ...extra}
}

describe('the stages', () => {
  it('count what they take, give and drop, and the sums agree', () => {
    const stages = stagesOf(mkParts())
    assert.deepEqual(
      stages.map(({stage, in: taken, out, waiting}) => [stage, taken, out, waiting]),
      [
        ['kernel', 100, 40, 0],
        ['rings', 40, 38, 2],
        ['engine', 38, 6, 2],
        ['alerts', 9, 4, 2],
        ['output hook', 14, 5, 3],
      ],
    )
    for (const {stage, in: taken, out, waiting, ended} of stages) {
      const left = Object.values(ended).reduce((sum, count) => sum + count, 0)
      assert.equal(taken, out + waiting + left, stage)
    }
    assert.deepEqual(stageImbalances(mkParts()), [])
  })

  const wrongs: {name: string; extra: Partial<StageParts>; want: string[]}[] = [
    {name: 'an alert that was not received', extra: {received: 3}, want: ['alerts']},
    {name: 'an alert that an output never got', extra: {dispatched: 13}, want: ['hook']},
    {
      name: 'an alert that an output has forgotten',
      extra: {lanes: [{...LANE, pending: 2}]},
      want: ['hook'],
    },
  ]
  for (const {name, extra, want} of wrongs) {
    it(`tell of ${name}`, () => {
      assert.deepEqual(
        stageImbalances(mkParts(extra)).map(({where}) => where),
        want,
      )
    })
  }

  it('add all kinds up', () => {
    assert.equal(sumOfKinds({a: KIND, b: KIND}).seen, 200)
  })
})
