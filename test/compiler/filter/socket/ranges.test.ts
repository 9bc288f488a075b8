import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {acceptedAddresses, acceptedPorts} from '../../../../src/compiler/filter/socket/ranges.ts'
import {mkCondition} from '../arbitrary-filters.ts'

function testOf(text: string) {
  const condition = mkCondition(text)
  if (condition.kind !== 'test') throw new Error(`${text} is no single test`)
  return condition
}

describe('ranges that tests accept', () => {
  const ports: readonly {input: string; want: readonly (readonly [bigint, bigint])[]}[] = [
    {input: 'fd.sport = 80', want: [[80n, 80n]]},
    {
      input: 'fd.sport != 80',
      want: [
        [0n, 79n],
        [81n, 65_535n],
      ],
    },
    {input: 'fd.sport < 0', want: []},
    {input: 'fd.sport <= 1', want: [[0n, 1n]]},
    {input: 'fd.sport > 65535', want: []},
    {input: 'fd.sport >= 65535', want: [[65_535n, 65_535n]]},
    {
      input: 'fd.sport in (5, 3, 4, 9, 3)',
      want: [
        [3n, 5n],
        [9n, 9n],
      ],
    },
  ]
  for (const {input, want} of ports) {
    it(`are told of ${input}`, () => assert.deepEqual(acceptedPorts(testOf(input)), want))
  }

  const last6 = 2n ** 128n - 1n
  const networks: readonly {input: string; ipv4: readonly unknown[]; ipv6: readonly unknown[]}[] = [
    {input: 'fd.snet = "10.0.0.0/8"', ipv4: [[0x0a00_0000n, 0x0aff_ffffn]], ipv6: []},
    {input: 'fd.snet = "10.9.8.7/8"', ipv4: [[0x0a00_0000n, 0x0aff_ffffn]], ipv6: []},
    {input: 'fd.snet = "0.0.0.0/0"', ipv4: [[0n, 0xffff_ffffn]], ipv6: []},
    {
      input: 'fd.snet in ("10.0.0.0/9", "10.128.0.0/9")',
      ipv4: [[0x0a00_0000n, 0x0aff_ffffn]],
      ipv6: [],
    },
    {input: 'fd.snet = "::1/128"', ipv4: [], ipv6: [[1n, 1n]]},
    {
      input: 'fd.snet != "128.0.0.0/1"',
      ipv4: [[0n, 0x7fff_ffffn]],
      ipv6: [[0n, last6]],
    },
  ]
  for (const {input, ipv4, ipv6} of networks) {
    it(`are told of ${input}`, () => {
      assert.deepEqual(acceptedAddresses(testOf(input), 'network'), {ipv4, ipv6})
    })
  }
})
