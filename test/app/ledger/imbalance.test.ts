import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {imbalancesOf, imbalanceText} from '../../../src/app/ledger/imbalance.ts'

describe('imbalances', () => {
  const cases = [
    {
      name: 'all accounted for',
      counts: {seen: 10, passed: 5, read: 5, dropped: 2, filtered: 3},
      want: [],
    },
    {
      name: 'a call that went nowhere',
      counts: {seen: 11, passed: 5, read: 5, dropped: 2, filtered: 3},
      want: ['k: passed + filtered + dropped, of seen: 10 instead of 11'],
    },
    {
      name: 'a record that was not read',
      counts: {seen: 10, passed: 5, read: 4, dropped: 2, filtered: 3},
      want: ['k: read, of passed: 4 instead of 5'],
    },
  ]
  for (const {name, counts, want} of cases)
    it(name, () => assert.deepEqual(imbalancesOf({k: counts}).map(imbalanceText), want))
})
