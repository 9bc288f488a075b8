import fc from 'fast-check'
import {SLOT_FLAG, SOCKET_BLOCK} from '../../../../src/schema/record-layout.ts'
import type {MadeRecord, MadeValue} from '../made-record.ts'

/*
 * Conditions on sockets and calls of one thread on two descriptors, over small pools so that they meet often: families that change,
 * IPv4 in IPv6 clothes, addresses that are too short, blocks of another family, failed calls.
 */

const V4 = ['\x0a\0\0\x05', '\x08\x08\x08\x08', '\x7f\0\0\x01', '\0\0\0\0'] as const
const MAPPED = '\0\0\0\0\0\0\0\0\0\0\xff\xff'
const V6 = [
  `${'\0'.repeat(15)}\x01`,
  ` \x01\x0d\xb8${'\0'.repeat(11)}\x05`,
  '\0'.repeat(16),
  `${MAPPED}${V4[0]}`,
  `${MAPPED}${V4[1]}`,
] as const
const PORTS = [0, 53, 80, 443, 40_000, 65_535] as const
const FAMILY = {unix: 1, inet: 2, netlink: 16, inet6: 10} as const
type Family = keyof typeof FAMILY
const SOCKET_FAMILY = {unix: 1n, inet: 2n, netlink: 16n, inet6: 10n} as const

const u16 = (value: number): string => String.fromCharCode(value & 255, value >> 8)
const port16 = (value: number): string => String.fromCharCode(value >> 8, value & 255)

interface Transport {
  readonly type: number
  readonly protocol: number
}

const transport: fc.Arbitrary<Transport> = fc.constantFrom(
  {type: 1, protocol: 6},
  {type: 1, protocol: 6},
  {type: 2, protocol: 17},
  {type: 3, protocol: 6},
  {type: 3, protocol: 1},
  {type: 1, protocol: 262},
)
const family = fc.constantFrom<Family>('inet', 'inet', 'inet', 'inet6', 'inet6', 'unix', 'netlink')
const port = fc.constantFrom(...PORTS)

function addressesOf(of: Family): fc.Arbitrary<readonly [string, string]> {
  if (of === 'inet') return fc.tuple(fc.constantFrom(...V4), fc.constantFrom(...V4))
  return fc.tuple(fc.constantFrom(...V6), fc.constantFrom(...V6))
}

/** A kernel socket, `SOCKET_BLOCK`. */
const block: fc.Arbitrary<string> = family.chain(of =>
  fc
    .tuple(transport, port, port, addressesOf(of))
    .map(([{type, protocol}, local, remote, ends]) => {
      const head =
        u16(FAMILY[of]) + u16(type) + u16(protocol) + port16(local) + port16(remote) + u16(0)
      if (of === 'unix')
        return `${head.padEnd(SOCKET_BLOCK.own, '\0')}${'\x10'.repeat(8)}${'\x20'.repeat(8)}${u16(1)}/run/s`
      return of === 'netlink' ? head : head + ends.join('')
    }),
)

/** A socket address as the program passed it. */
const sockaddr: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: family.chain(of =>
      fc.tuple(port, addressesOf(of)).map(([at, [address]]) => {
        const head = u16(FAMILY[of])
        if (of === 'unix') return `${head}/run/s\0`
        if (of === 'netlink') return `${head}\0\0\0\0`
        return head + port16(at) + (of === 'inet' ? address : `\0\0\0\0${address}\0\0\0\0`)
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '\x02',
      u16(2) + port16(80),
      u16(0).padEnd(16, '\0'),
      u16(10) + port16(443) + '\0'.repeat(19),
    ),
  },
)

const slot = (bytes: fc.Arbitrary<string>): fc.Arbitrary<MadeValue> =>
  fc
    .tuple(
      bytes,
      fc.constantFrom(
        0,
        0,
        0,
        0,
        0,
        0,
        SLOT_FLAG.none,
        SLOT_FLAG.fault,
        SLOT_FLAG.cut,
        SLOT_FLAG.entry,
      ),
      fc.nat(80),
    )
    .map(([text, flags, length]) => {
      if ((flags & (SLOT_FLAG.none | SLOT_FLAG.fault)) !== 0) return {bytes: '', flags}
      // Now and then something is missing at the end.
      return {bytes: length < 4 ? text.slice(0, length * 6) : text, flags}
    })

const result = fc.constantFrom(0n, 0n, 3n, 4n, 4n, -115n, -11n, -111n, -9n, -88n)

/** Calls of one thread on its descriptors 3 and 4. */
export const arbitrarySocketRecord: fc.Arbitrary<MadeRecord> = fc
  .record({
    kind: fc.constantFrom(
      ...[
        'socket',
        'socket',
        'bind',
        'connect',
        'connect',
        'connect',
        'accept',
        'accept4',
        'sendto',
        'sendto',
        'sendmsg',
        'sendmmsg',
        'recvfrom',
        'recvmsg',
        'recvmmsg',
        'close',
        'dup',
        'openat',
      ],
    ),
    fd: fc.constantFrom(3n, 4n),
    result,
    tuple: slot(block),
    address: slot(sockaddr),
    domain: family,
    transport,
    told: fc.constantFrom<Family | 'none'>('none', 'unix', 'unix', 'inet', 'inet6', 'netlink'),
  })
  .map(({kind, fd, result: res, tuple, address, domain, told, transport: {type, protocol}}) => {
    const values: Record<string, MadeValue> = {tuple, addr: address, $peer: address}
    if (kind === 'socket')
      Object.assign(values, {
        domain: BigInt(FAMILY[domain]),
        type: BigInt(type),
        proto: type === 1 ? 0n : BigInt(protocol),
      })
    if (kind === 'openat') values['name'] = {bytes: '/etc/passwd'}
    if (kind === 'dup') values['oldfd'] = fd
    if (kind === 'connect') values['$family'] = {none: 0n, ...SOCKET_FAMILY}[told]
    const yields = ['socket', 'accept', 'accept4', 'openat'].includes(kind)
    const given: Record<string, MadeValue> = yields ? {fd: res} : {res, fd}
    const hasFailed = res < 0n && (res !== -115n || kind !== 'connect')
    if (hasFailed && ['connect', 'accept', 'accept4'].includes(kind))
      values['tuple'] = {bytes: '', flags: SLOT_FLAG.none}
    if (res <= 0n && /^recv|^sendmm/.test(kind))
      values['tuple'] = {bytes: '', flags: SLOT_FLAG.none}
    return {kind, values: {...values, ...given}}
  })

/** Kinds of record that tell of sockets. */
export const SOCKET_KINDS: ReadonlySet<string> = new Set([
  'bind',
  'connect',
  'accept',
  'accept4',
  'sendto',
  'sendmsg',
  'sendmmsg',
  'recvfrom',
  'recvmsg',
  'recvmmsg',
])

const ADDRESSES = ['10.0.0.5', '8.8.8.8', '127.0.0.1', '0.0.0.0', '::1', '2001:db8::5', '::']
const NETWORKS = [
  '10.0.0.0/8',
  '127.0.0.0/8',
  '0.0.0.0/0',
  '8.8.8.8/32',
  '::1/128',
  '2001:db8::/32',
  '::/1',
  '8.0.0.0/7',
]
const quoted = (items: readonly string[]): string => items.map(item => `"${item}"`).join(', ')
const some = (pool: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pool), {minLength: 1, maxLength: 4}).map(quoted)

const comparison = (fields: readonly string[], pool: readonly string[]): fc.Arbitrary<string> => {
  const field = fc.constantFrom(...fields)
  return fc.oneof(
    fc
      .tuple(field, fc.constantFrom('=', '!='), fc.constantFrom(...pool))
      .map(([left, op, right]) => `${left} ${op} "${right}"`),
    fc.tuple(field, some(pool)).map(([left, items]) => `${left} in (${items})`),
    field.map(left => `${left} exists`),
  )
}

const test = fc.oneof(
  comparison(['fd.ip', 'fd.sip', 'fd.cip', 'fd.lip', 'fd.rip'], ADDRESSES),
  comparison(['fd.net', 'fd.snet', 'fd.cnet', 'fd.lnet', 'fd.rnet'], NETWORKS),
  comparison(['fd.port', 'fd.sport', 'fd.cport', 'fd.lport', 'fd.rport'], PORTS.map(String)),
  fc
    .tuple(
      fc.constantFrom('fd.port', 'fd.sport', 'fd.rport'),
      fc.constantFrom('<', '<=', '>', '>='),
      fc.constantFrom('0', '53', '443', '65535'),
    )
    .map(parts => parts.join(' ')),
  comparison(['fd.type'], ['ipv4', 'ipv6', 'unix', 'file', 'netlink']),
  comparison(['fd.typechar'], ['4', '6', 'u', 'o', 'f', 'n']),
  comparison(['fd.l4proto'], ['tcp', 'udp', 'icmp', '<NA>']),
  comparison(['fd.sockfamily'], ['ip', 'unix']),
  comparison(['fd.name', 'fd.filename', 'fd.directory'], ['/etc/passwd', '/run/s', '/', 'NULL']),
  fc.constantFrom(
    'fd.typechar startswith "4"',
    'fd.type endswith "6"',
    'fd.name startswith "/run"',
    'fd.name endswith "/run/s"',
    'fd.connected = true',
    'fd.connected = false',
    'fd.name_changed = true',
    'evt.rawres >= 0',
    'evt.failed = true',
    'evt.res = EINPROGRESS',
    'evt.res != SUCCESS',
    'evt.res in (SUCCESS, ECONNREFUSED)',
    'evt.res != EAGAIN',
    'fd.sport in (30000, 40000, 443)',
    'fd.is_server = true',
    'fd.num = 4',
  ),
)

/** A condition on sockets, as a text. */
export const arbitrarySocketCondition: fc.Arbitrary<string> = fc.letrec<{any: string}>(tie => ({
  any: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    {weight: 4, arbitrary: test},
    tie('any').map(child => `not (${child})`),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('any'), {minLength: 2, maxLength: 3}))
      .map(([word, children]) => children.map(child => `(${child})`).join(` ${word} `)),
  ),
})).any
