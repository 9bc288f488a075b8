import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {addressText, endpointOf, unixPathOf} from '../../src/state/socket-address.ts'

const bytes = (hex: string): string => Buffer.from(hex.replace(/ /g, ''), 'hex').toString('latin1')

describe('socket addresses', () => {
  const texts: readonly [hex: string, want: string][] = [
    ['7f000001', '127.0.0.1'],
    ['00000000000000000000000000000001', '::1'],
    ['00000000000000000000000000000000', '::'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000100020003000400050006', '2001:db8:1:2:3:4:5:6'],
    ['20010000000100020003000400050006', '2001:0:1:2:3:4:5:6'],
  ]
  for (const [hex, want] of texts)
    it(`prints ${want}`, () => assert.equal(addressText(bytes(hex)), want))

  it('reads an IPv4 address', () => {
    assert.deepEqual(endpointOf(bytes('0200 0050 7f000001 0000000000000000')), {
      address: bytes('7f000001'),
      port: 80,
    })
  })

  it('makes an IPv4 address in IPv6 form plain', () => {
    const mapped = bytes('0a00 01bb 00000000 00000000000000000000ffff0a000001 00000000')
    assert.deepEqual(endpointOf(mapped), {address: bytes('0a000001'), port: 443})
  })

  it('knows nothing of cut and other addresses', () => {
    assert.equal(endpointOf(bytes('0200 0050 7f')), undefined)
    assert.equal(endpointOf(bytes('0a00 0050 00000000 00')), undefined)
    assert.equal(endpointOf(bytes('1000 0000')), undefined)
    assert.equal(endpointOf(''), undefined)
  })

  it('reads unix paths, abstract ones with an at sign', () => {
    assert.equal(unixPathOf(`${bytes('0100')}/run/x.sock\0rest`), '/run/x.sock')
    assert.equal(unixPathOf(`${bytes('0100')}\0hidden`), '@hidden')
    assert.equal(unixPathOf(bytes('0200 0050 7f000001')), undefined)
  })
})
