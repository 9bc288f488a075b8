import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {backoffMs, parseRetryAfter} from '../../src/outputs/retry.ts'

const policy = {firstMs: 100, longestMs: 1000, longestAskedMs: 5000}

describe('backoffMs', () => {
  const cases = [
    {name: 'starts at the first pause', failures: 1, random: 0.999_999, want: 100},
    {name: 'takes half off at most', failures: 1, random: 0, want: 50},
    {name: 'doubles', failures: 3, random: 0.999_999, want: 400},
    {name: 'stays at the bound', failures: 9, random: 0.999_999, want: 1000},
    {name: 'does not overflow', failures: 1e9, random: 0, want: 500},
  ]
  for (const {name, failures, random, want} of cases) {
    it(name, () => assert.equal(backoffMs(policy, failures, random), want))
  }
})

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const cases: {name: string; input: string | undefined; want: number | undefined}[] = [
    {name: 'seconds', input: '120', want: 120_000},
    {name: 'zero', input: ' 0 ', want: 0},
    {name: 'a date to come', input: 'Thu, 01 Jan 2026 00:00:05 GMT', want: 5000},
    {name: 'a date gone by', input: 'Wed, 31 Dec 2025 00:00:00 GMT', want: 0},
    {name: 'a negative number', input: '-5', want: undefined},
    {name: 'a fraction', input: '1.5', want: undefined},
    {name: 'a huge number', input: '9'.repeat(30), want: undefined},
    {name: 'words', input: 'soon', want: undefined},
    {name: 'nothing', input: undefined, want: undefined},
  ]
  for (const {name, input, want} of cases) {
    it(name, () => assert.equal(parseRetryAfter(input, now), want))
  }
})
