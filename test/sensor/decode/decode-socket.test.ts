import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {Way} from '../../../src/schema/captures/call-sources.ts'
import {capturedAddress, capturedTuple} from '../../../src/sensor/decode/decode-socket.ts'

const UNIX = '\x01\0'
const INET = '\x02\0'
const INET6 = '\x0a\0'
const LOOPBACK6 = `${'\0'.repeat(15)}\x01`
/** Family, type and protocol of a socket block, then the ports in network order and two bytes that say nothing. */
const block = (family: string, ports: string, rest: string): string =>
  `${family}\x01\0\x06\0${ports}\0\0${rest}`
const unixBlock = (own: string, peer: string, address: string): string =>
  block(UNIX, '\0\0\0\0', `\0\0\0\0${own}${peer}${address}`)
const OWN = 'OWNOWNOW'
const PEER = 'PEERPEER'
const NOBODY = '\0'.repeat(8)

describe('capturedAddress', () => {
  const cases: readonly {name: string; input: string; want: string | undefined}[] = [
    {
      name: 'an IPv4 address, the port turned round',
      input: `${INET}\x1b\x59\x7f\0\0\x01${'\0'.repeat(8)}`,
      want: '\x02\x7f\0\0\x01\x59\x1b',
    },
    {
      name: 'an IPv6 address without its flow and scope',
      input: `${INET6}\x1b\x59FLOW${LOOPBACK6}SCOP`,
      want: `\x0a${LOOPBACK6}\x59\x1b`,
    },
    {name: 'a path up to its NUL', input: `${UNIX}/run/x\0rest`, want: '\x01/run/x\0'},
    {name: 'a path without a NUL', input: `${UNIX}/run/x`, want: '\x01/run/x\0'},
    {
      name: 'an abstract name without the NUL in front',
      input: `${UNIX}\0name`,
      want: '\x01name\0',
    },
    {name: 'a nameless address', input: UNIX, want: '\x01\0'},
    {name: 'the family of others', input: '\x10\0\0\0\x01\0\0\0', want: '\x10'},
    {
      name: 'the family of an IPv4 address that is cut',
      input: `${INET}\0\x07\x7f\0\0`,
      want: '\x02',
    },
    {name: 'the family of an IPv6 address that is cut', input: `${INET6}\0\x07`, want: '\x0a'},
    {name: 'nothing of less than a family', input: '\x02', want: undefined},
    {name: 'nothing of nothing', input: '', want: undefined},
  ]
  for (const {name, input, want} of cases)
    it(`gives ${name}`, () => assert.equal(capturedAddress(input), want))
})

describe('capturedTuple', () => {
  const connected = block(INET, '\x1b\x5a\x1b\x59', '\x7f\0\0\x02\x7f\0\0\x01')
  const alone = block(INET, '\x1b\x5a\0\0', '\x7f\0\0\x02\0\0\0\0')
  const named = '\x02\x0a\0\0\x01\x50\0'
  const cases: readonly {
    name: string
    socket: string
    way: Way
    peer?: string
    want: string | undefined
  }[] = [
    {
      name: 'from the local to the remote end outwards',
      socket: connected,
      way: 'out',
      want: '\x02\x7f\0\0\x02\x5a\x1b\x7f\0\0\x01\x59\x1b',
    },
    {
      name: 'from the remote to the local end inwards',
      socket: connected,
      way: 'in',
      want: '\x02\x7f\0\0\x01\x59\x1b\x7f\0\0\x02\x5a\x1b',
    },
    {
      name: 'with the peer that the call names, where the socket has none',
      socket: alone,
      way: 'out',
      peer: named,
      want: '\x02\x7f\0\0\x02\x5a\x1b\x0a\0\0\x01\x50\0',
    },
    {
      name: 'with its own peer, whatever the call names',
      socket: connected,
      way: 'out',
      peer: named,
      want: '\x02\x7f\0\0\x02\x5a\x1b\x7f\0\0\x01\x59\x1b',
    },
    {
      name: 'without a peer where the call names one of another family',
      socket: alone,
      way: 'in',
      peer: `\x0a${LOOPBACK6}\x50\0`,
      want: '\x02\0\0\0\0\0\0\x7f\0\0\x02\x5a\x1b',
    },
    {
      name: 'without a peer where what the call names is cut',
      socket: alone,
      way: 'out',
      peer: '\x02',
      want: '\x02\x7f\0\0\x02\x5a\x1b\0\0\0\0\0\0',
    },
    {
      name: 'of IPv6',
      socket: block(INET6, '\0\x07\0\x09', `${LOOPBACK6}${'\0'.repeat(16)}`),
      way: 'out',
      want: `\x0a${LOOPBACK6}\x07\0${'\0'.repeat(16)}\x09\0`,
    },
    {
      name: 'of a unix socket: the peer first outwards, with its path',
      socket: unixBlock(OWN, PEER, `${UNIX}/run/x\0`),
      way: 'out',
      want: `\x01${PEER}${OWN}/run/x\0`,
    },
    {
      name: 'of a unix socket: itself first inwards',
      socket: unixBlock(OWN, PEER, `${UNIX}\0abstract`),
      way: 'in',
      want: `\x01${OWN}${PEER}abstract\0`,
    },
    {
      name: 'of a unix socket without a peer: the path that the call names',
      socket: unixBlock(OWN, NOBODY, ''),
      way: 'out',
      peer: '\x01/run/y\0',
      want: `\x01${NOBODY}${OWN}/run/y\0`,
    },
    {
      name: 'not at all of other families',
      socket: block('\x10\0', '\0\0\0\0', ''),
      way: 'out',
      want: undefined,
    },
    {
      name: 'not at all of a block that is cut',
      socket: connected.slice(0, -1),
      way: 'out',
      want: undefined,
    },
    {
      name: 'not at all of a unix block that is cut',
      socket: unixBlock(OWN, '', ''),
      way: 'in',
      want: undefined,
    },
    {name: 'not at all of nothing', socket: '', way: 'in', want: undefined},
  ]
  for (const {name, socket, way, peer, want} of cases)
    it(`goes ${name}`, () => assert.equal(capturedTuple(socket, way, peer), want))
})
