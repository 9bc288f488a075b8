import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {addressText} from '../../src/state/address-text.ts'

const bytes = (hex: string): string => Buffer.from(hex.replace(/ /g, ''), 'hex').toString('latin1')

describe('addressText', () => {
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
})
