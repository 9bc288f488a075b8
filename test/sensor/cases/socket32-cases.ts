import type {CallCase} from '../../support/call-cases.ts'

const EBADF = -9
const DATAGRAM = 2

/** What `sockets32.c` does by the numbers that the 32-bit table has for these calls. */
export const SOCKET32_CASES: readonly CallCase[] = [
  {kind: 'socket', want: {fd: 3, domain: 'AF_INET', type: DATAGRAM, proto: 0, flags: 0}},
  {kind: 'bind', want: {res: 0, addr: '{net}.1:7001', fd: 3}},
  {kind: 'sendto', want: {res: 3, data: 'one', fd: 4, size: 3, tuple: '*'}},
  {kind: 'sendmsg', want: {res: 8, data: 'onethree', fd: 4, size: 8, tuple: '*'}},
  {kind: 'recvfrom', want: {res: 3, data: 'one', tuple: '*', fd: 3, size: 64}},
  {kind: 'writev', want: {res: 8, data: 'onethree', fd: '*', size: 8}},
  {
    kind: 'pwrite64',
    event: 'pwrite',
    want: {res: 3, data: 'one', fd: '*', size: 3, pos: 0x1_0000_0002},
  },
  {kind: 'preadv', want: {res: 8, size: 8, data: 'hree\0\0\0\0', fd: '*', pos: 4}},
  {kind: 'ftruncate', want: {res: 0, fd: '*', length: 9}},
  {kind: 'ftruncate', want: {res: 0, fd: '*', length: 0x1_0000_0009}},
  {
    kind: 'fallocate',
    want: {
      res: EBADF,
      fd: 999,
      mode: 'FALLOC_FL_KEEP_SIZE',
      offset: 0x3_0000_0002,
      len: 0x5_0000_0004,
    },
  },
  // Inside socketcall; `send` is `sendto` without an address.
  {
    kind: 'socket',
    want: {
      fd: 4,
      domain: 'AF_INET',
      type: DATAGRAM | 0o2000000,
      proto: 0,
      flags: 'O_CLOEXEC',
    },
  },
  {kind: 'connect', want: {res: 0, tuple: '*', fd: 4, addr: '{net}.1:7001'}},
  {kind: 'sendto', want: {res: 5, data: 'three', fd: 4, size: 5, tuple: '*', $peer: null}},
  {
    kind: 'sendto',
    want: {res: 2, data: 'on', fd: 4, size: 2, tuple: '*', $peer: '*'},
  },
  {
    kind: 'socketpair',
    want: {
      res: 0,
      fd1: '*',
      fd2: '*',
      source: '*',
      peer: '*',
      domain: 'AF_LOCAL|AF_UNIX',
      type: 1,
      proto: 0,
    },
  },
  {
    kind: 'setsockopt',
    want: {res: 0, fd: 4, level: 'SOL_SOCKET', optname: 'SO_REUSEADDR', val: '1', optlen: 4},
  },
  {kind: 'listen', want: {res: '*', fd: 4, backlog: 7}},
  {kind: 'pipe', want: {res: 0, fd1: '*', fd2: '*', ino: '*'}},
]
