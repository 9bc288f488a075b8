import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {type DropTotals, DropWatch} from '../../../../src/app/detection/losses/drop-watch.ts'
import type {DropOptions} from '../../../../src/schema/config/config.ts'

const policy: DropOptions = {actions: ['alert'], threshold: 0.1, rate: 0.1, maxBurst: 1}
const totals = (seen: number, lost: DropTotals['lost']): DropTotals => ({seen, lost})

describe('DropWatch', () => {
  /** One look a second; the wanted report's number of lost events, or none. */
  const cases: readonly {
    name: string
    policy?: Partial<DropOptions>
    looks: readonly (readonly [totals: DropTotals, want: number | undefined])[]
  }[] = [
    {
      name: 'says nothing while nothing is lost',
      looks: [[totals(1000, {ring_full: 0}), undefined]],
    },
    {name: 'reports a loss', looks: [[totals(1000, {ring_full: 200}), 200]]},
    {name: 'adds up the reasons', looks: [[totals(1000, {ring_full: 100, too_large: 50}), 150]]},
    {
      name: 'leaves out what is below the threshold',
      looks: [[totals(1000, {ring_full: 99}), undefined]],
    },
    {
      name: 'takes any loss when the threshold is zero',
      policy: {threshold: 0},
      looks: [[totals(1000, {ring_full: 1}), 1]],
    },
    {
      name: 'counts from the last look',
      policy: {rate: 10},
      looks: [
        [totals(1000, {ring_full: 500}), 500],
        [totals(2000, {ring_full: 500}), undefined],
        [totals(3000, {ring_full: 800}), 300],
      ],
    },
    {
      name: 'keeps to the rate, and tells later what it held back',
      looks: [
        [totals(1000, {ring_full: 500}), 500],
        [totals(2000, {ring_full: 900}), undefined],
        ...Array.from({length: 9}, () => [totals(2000, {ring_full: 900}), undefined] as const),
        [totals(3000, {ring_full: 1900}), 1400],
      ],
    },
  ]
  for (const {name, policy: changes, looks} of cases) {
    it(name, () => {
      const watch = new DropWatch({...policy, ...changes}, 0)
      for (const [i, [look, want]] of looks.entries()) {
        const report = watch.check(look, (i + 1) * 1000)
        assert.equal(new Map(report?.fields).get('n_drops'), want, `look ${i}`)
      }
    })
  }
})
