import type {CallCase} from '../../support/call-cases.ts'

const EBADF = -9
const EAGAIN = -11
const EFAULT = -14
const ECONNREFUSED = -111
const EINPROGRESS = -115
const BAD_FD = 999
const STREAM = 1
const DATAGRAM = 2
/** SCM_RIGHTS with one descriptor: size, level, type, number, padding. */
const RIGHTS = `\x14\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0`

/** What `sockets.c` does. Its addresses are `{net}.N:700N`. */
export const SOCKET_CASES: readonly CallCase[] = [
  {
    kind: 'socket',
    want: {fd: 3, domain: 'AF_INET', type: STREAM, proto: 0, flags: 0},
  },
  {
    kind: 'socket',
    want: {
      fd: 5,
      domain: 'AF_INET',
      type: STREAM | 0o2004000,
      proto: 0,
      flags: 'O_NONBLOCK|O_CLOEXEC',
    },
  },
  {kind: 'socket', want: {fd: 3, domain: 'AF_INET6', type: DATAGRAM, proto: 0, flags: 0}},
  {
    kind: 'socketpair',
    want: {
      res: 0,
      fd1: '*',
      fd2: '*',
      source: '*',
      peer: '*',
      domain: 'AF_LOCAL|AF_UNIX',
      type: DATAGRAM | 0o2000000,
      proto: 0,
    },
  },
  {
    kind: 'socketpair',
    want: {
      res: EFAULT,
      fd1: -1,
      fd2: -1,
      source: 0,
      peer: 0,
      domain: 'AF_INET',
      type: DATAGRAM,
      proto: 0,
    },
  },
  {kind: 'bind', want: {res: 0, addr: '{net}.1:7001', fd: 3}},
  {kind: 'bind', want: {res: 0, addr: '::1:{port6}', fd: 3}},
  {kind: 'bind', want: {res: 0, addr: 'unix-name', fd: 3}},
  {kind: 'bind', want: {res: 0, addr: 'abstract-{pid}', fd: '*'}},
  {kind: 'listen', want: {res: 0, fd: 3, backlog: 5}},
  {
    kind: 'connect',
    want: {res: 0, tuple: '{net}.2:7002->{net}.1:7001', fd: 4, addr: '{net}.1:7001'},
  },
  {
    kind: 'connect',
    want: {res: EINPROGRESS, tuple: '{net}.3:7003->{net}.1:7001', fd: 5, addr: '{net}.1:7001'},
  },
  {kind: 'connect', want: {res: ECONNREFUSED, tuple: null, fd: 6, addr: '{net}.9:7009'}},
  {
    kind: 'connect',
    want: {res: 0, tuple: '::1:{next6}->::1:{port6}', fd: 4, addr: '::1:{port6}'},
  },
  {
    kind: 'connect',
    want: {res: 0, tuple: 'socket->socket unix-name', fd: 4, addr: 'unix-name'},
  },
  // The listening socket still has the second connection.
  {
    kind: 'accept',
    want: {fd: 7, tuple: '{net}.2:7002->{net}.1:7001', queuepct: 20, queuelen: 1, queuemax: 5},
  },
  {
    kind: 'accept',
    want: {fd: 5, tuple: 'socket->socket unix-name', queuepct: 0, queuelen: 0, queuemax: 1},
  },
  {
    kind: 'accept4',
    want: {
      fd: 8,
      tuple: '{net}.3:7003->{net}.1:7001',
      queuepct: 0,
      queuelen: 0,
      queuemax: 5,
      // O_CLOEXEC in the bits of events.
      flags: 4096,
    },
  },
  {
    kind: 'sendto',
    want: {res: 9, data: 'hello tcp', fd: 4, size: 9, tuple: '{net}.2:7002->{net}.1:7001'},
  },
  {
    kind: 'recvfrom',
    want: {res: 9, data: 'hello tcp', tuple: '{net}.2:7002->{net}.1:7001', fd: 7, size: 64},
  },
  {kind: 'recvfrom', want: {res: EAGAIN, data: null, tuple: null, fd: 7, size: 64}},
  {kind: 'getsockname', want: {}},
  {kind: 'getpeername', want: {}},
  {
    kind: 'setsockopt',
    want: {
      res: 0,
      fd: 4,
      level: 'SOL_SOCKET',
      optname: 'SO_RCVTIMEO',
      val: '3500000000',
      optlen: 16,
    },
  },
  {
    kind: 'setsockopt',
    want: {res: 0, fd: 3, level: 'SOL_SOCKET', optname: 'SO_REUSEADDR', val: '1', optlen: 4},
  },
  {
    kind: 'setsockopt',
    want: {res: 0, fd: 3, level: 'SOL_SOCKET', optname: 'SO_LINGER', val: '........', optlen: 8},
  },
  {
    kind: 'setsockopt',
    want: {res: 0, fd: 4, level: 'SOL_TCP', optname: 0, val: '....', optlen: 4},
  },
  {
    kind: 'getsockopt',
    want: {res: 0, fd: 4, level: 'SOL_SOCKET', optname: 'SO_TYPE', val: '1', optlen: 4},
  },
  {
    kind: 'getsockopt',
    want: {res: 0, fd: 4, level: 'SOL_SOCKET', optname: 'SO_ERROR', val: '0', optlen: 4},
  },
  {kind: 'shutdown', want: {res: 0, fd: 4, how: 'SHUT_WR'}},

  {
    kind: 'sendto',
    want: {res: 6, data: 'to udp', fd: 4, size: 6, tuple: '{net}.5:7005->{net}.4:7004'},
  },
  {
    kind: 'recvfrom',
    want: {res: 6, data: 'to udp', tuple: '{net}.5:7005->{net}.4:7004', fd: 3, size: 64},
  },
  {kind: 'sendto', want: {res: EBADF, data: 'lost', fd: BAD_FD, size: 4, tuple: null}},
  {
    kind: 'sendmsg',
    want: {res: 5, data: 'abcde', fd: 4, size: 5, tuple: '{net}.5:7005->{net}.4:7004'},
  },
  {kind: 'sendmsg', want: {res: EBADF, data: 'abcde', fd: BAD_FD, size: 5, tuple: null}},
  {
    kind: 'recvmsg',
    want: {
      res: 5,
      size: 5,
      data: 'abcde',
      tuple: '{net}.5:7005->{net}.4:7004',
      msgcontrol: null,
      fd: 3,
    },
  },
  {
    kind: 'sendmmsg',
    want: {
      res: 5,
      fd: 4,
      size: 5,
      data: 'abcde',
      tuple: '{net}.5:7005->{net}.4:7004',
      $messages: 2,
    },
  },
  {
    kind: 'sendmmsg',
    want: {res: EBADF, fd: BAD_FD, size: 0, data: null, tuple: null, $messages: EBADF},
  },
  {
    kind: 'recvmmsg',
    want: {
      res: 5,
      fd: 3,
      size: 5,
      data: 'abcde',
      tuple: '{net}.5:7005->{net}.4:7004',
      msgcontrol: null,
      $messages: 2,
    },
  },
  {
    kind: 'sendto',
    want: {res: 3, data: 'six', fd: 4, size: 3, tuple: '::1:{next6}->::1:{port6}'},
  },
  {
    kind: 'sendto',
    want: {res: 3, data: 'abs', fd: '*', size: 3, tuple: '0->socket abstract-{pid}'},
  },
  {
    kind: 'recvfrom',
    want: {res: 3, data: 'abs', tuple: 'socket->0 abstract-{pid}', fd: '*', size: 8},
  },
  {kind: 'sendmsg', want: {res: 2, data: 'fd', fd: '*', size: 2, tuple: 'socket->socket '}},
  {
    kind: 'recvmsg',
    want: {
      res: 2,
      size: 2,
      data: 'fd',
      tuple: 'socket->socket ',
      msgcontrol: `${RIGHTS}{passed}\0\0\0\0\0\0\0`,
      fd: '*',
    },
  },
]
