import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {FD, PROTOCOL} from '../../../src/state/fd.ts'
import {
  type NetSocket,
  parseInternet,
  parseNetlink,
  parseUnix,
} from '../../../src/state/start/net-files.ts'

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const TAIL = '00000000:00000000 00:00000000 00000000     0        0'
const LOOPBACK6 = `${'\0'.repeat(15)}\x01`

describe('the socket lists of /proc', () => {
  const lines = [
    {
      name: 'a connection',
      input: `   0: 0100007F:1F90 0200000A:01BB 01 ${TAIL} 55 1 0000000000000000 100`,
      want: {
        type: FD.ipv4,
        ends: {
          sourceAddress: '\x7f\0\0\x01',
          sourcePort: 8080,
          targetAddress: '\x0a\0\0\x02',
          targetPort: 443,
        },
      },
    },
    {
      name: 'a listening socket',
      input: `12345: 00000000:0016 00000000:0000 0A ${TAIL} 55 1`,
      want: {type: FD.ipv4Server, listens: {address: '\0\0\0\0', port: 22}},
    },
    {
      name: 'an IPv6 listener',
      input: ` 1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A ${TAIL} 55 1`,
      want: {type: FD.ipv6Server, listens: {address: LOOPBACK6, port: 80}},
    },
    {
      name: 'IPv4 in IPv6 clothes',
      input: ` 1: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200007F:0051 01 ${TAIL} 55 1`,
      want: {
        type: FD.ipv4,
        ends: {
          sourceAddress: '\x7f\0\0\x01',
          sourcePort: 80,
          targetAddress: '\x7f\0\0\x02',
          targetPort: 81,
        },
      },
    },
    {name: 'a line without an inode', input: ' 1: 0100007F:1F90 0200000A:01BB 01', want: undefined},
    {
      name: 'an address that is none',
      input: ` 1: 0100007G:1F90 0200000A:01BB 01 ${TAIL} 55`,
      want: undefined,
    },
  ]
  for (const {name, input, want} of lines) {
    it(`reads ${name}`, () => {
      const sockets = new Map<number, NetSocket>()
      parseInternet(`${HEAD}${input}\n`, PROTOCOL.tcp, sockets)
      const socket = want && {name: '', protocol: PROTOCOL.tcp, ...want}
      assert.deepEqual([...sockets], socket === undefined ? [] : [[55, socket]])
    })
  }

  it('reads unix sockets with and without a name', () => {
    const sockets = new Map<number, NetSocket>()
    parseUnix(
      'Num       RefCount Protocol Flags    Type St Inode Path\n' +
        'ffff888000000001: 00000002 00000000 00010000 0001 01 17 /run/a b\n' +
        '0000000000000000: 00000003 00000000 00000000 0001 03 18\n' +
        '0000000000000000: 00000003 00000000 00000000 0002 01 19 @x@y\n',
      sockets,
    )
    const seen = [...sockets].map(([inode, {type, name, unix}]) => [
      inode,
      type,
      name,
      unix?.source,
    ])
    assert.deepEqual(seen, [
      [17, FD.unix, '/run/a b', 0xffff888000000001n],
      [18, FD.unix, '', 0n],
      [19, FD.unix, '@x@y', 0n],
    ])
  })

  it('believes no path of an inode that two lines claim', () => {
    const sockets = new Map<number, NetSocket>()
    const line = '0000000000000000: 00000002 00000000 00010000 0001 01'
    parseUnix(`${line} 17 /run/real\n${line} 18 /tmp/evil\n${line} 17 /run/forged\n`, sockets)
    assert.deepEqual([sockets.get(17)?.name, sockets.get(18)?.name], ['', '/tmp/evil'])
  })

  it('reads netlink sockets', () => {
    const sockets = new Map<number, NetSocket>()
    parseNetlink(
      'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n' +
        '0000000000000000 0   1234       00000000 0        0        0     2        0        77      \n',
      sockets,
    )
    assert.deepEqual([...sockets], [[77, {type: FD.netlink, name: '', protocol: PROTOCOL.unknown}]])
  })
})
