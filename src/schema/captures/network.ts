import type {CaptureDef} from '../capture.ts'
import {
  after,
  bytes,
  CONTROL_MAX,
  dataOnDemand,
  firstMessageData,
  header,
  made,
  member,
  messageAddress,
  messageData,
  messageSize,
  sentData,
  tuple,
} from './call-rows.ts'
import {call, data, forDescriptors, ret, s32, u32} from './rows.ts'

/** Bytes of a socket option's value that a record keeps. */
const OPTION_MAX = 128

const address = {from: 'sockaddr', index: 1, lengthIndex: 2} as const
const control = bytes(header(1, 'control'), header(1, 'controlLength'), CONTROL_MAX)

/** The transport protocol of the socket. */
const $l4proto = {derive: 'transport', of: 'tuple'} as const

/** Sockets: made, bound, connected, and the messages over them. */
export const NETWORK_CAPTURES: readonly CaptureDef[] = [
  call(
    'socket',
    41,
    {fd: ret, domain: u32(0), type: u32(1), proto: u32(2), flags: made('fileFlags', 'type')},
    forDescriptors,
  ),
  call(
    'socketpair',
    53,
    {
      res: ret,
      fd1: after('done', member(3, 0, 's32'), -1),
      fd2: after('done', member(3, 4, 's32'), -1),
      source: after('done', descriptorOfPair('socket'), 0),
      peer: after('done', descriptorOfPair('peer'), 0),
      domain: u32(0),
      type: u32(1),
      proto: u32(2),
    },
    forDescriptors,
  ),
  call('bind', 49, {res: ret, addr: address, fd: s32(0)}, forDescriptors),
  call(
    'connect',
    42,
    {
      res: ret,
      tuple: after('started', tuple('out', {index: 0}, 'addr')),
      fd: s32(0),
      addr: address,
      $l4proto,
      // Of a call that failed, and of sockets without a tuple; 0 when it is no socket.
      $family: {from: 'descriptor', fd: {index: 0}, read: 'family'},
    },
    forDescriptors,
  ),
  call('listen', 50, {res: ret, fd: s32(0), backlog: s32(1)}),
  call('accept', 43, accepted(), forDescriptors),
  call(
    'accept4',
    288,
    {...accepted(), $flags: u32(3), flags: made('fileFlags', '$flags')},
    forDescriptors,
  ),
  call('shutdown', 48, {res: ret, fd: s32(0), how: u32(1)}),
  call('getsockname', 51, {}),
  call('getpeername', 52, {}),
  call('setsockopt', 54, {
    res: ret,
    fd: s32(0),
    ...option(),
    $value: bytes({index: 3}, {index: 4}, OPTION_MAX),
    optlen: u32(4),
  }),
  call('getsockopt', 55, {
    res: ret,
    fd: s32(0),
    ...option(),
    $value: bytes({index: 3}, {index: 4, pointer: true}, OPTION_MAX),
    optlen: member(4, 0, 'u32'),
  }),
  call(
    'sendto',
    44,
    {
      res: ret,
      data: sentData(1, 2),
      fd: s32(0),
      size: u32(2),
      $peer: {from: 'peerAddress', at: {index: 4}, length: {index: 5}},
      tuple: tuple('out', {index: 0}, '$peer'),
      $l4proto,
    },
    dataOnDemand,
  ),
  call(
    'sendmsg',
    46,
    {
      res: ret,
      data: messageData('out', 1),
      fd: s32(0),
      size: messageSize(1),
      $peer: messageAddress(1),
      tuple: tuple('out', {index: 0}, '$peer'),
      $l4proto,
    },
    dataOnDemand,
  ),
  // Of several messages the first one is told, as if it had been sent alone.
  call(
    'sendmmsg',
    307,
    {
      res: after('positive', {from: 'messageLength', index: 1}, 'ret'),
      fd: s32(0),
      size: after('positive', messageSize(1), 0),
      data: after('positive', firstMessageData('out', 1)),
      $peer: after('positive', messageAddress(1)),
      tuple: after('positive', tuple('out', {index: 0}, '$peer')),
      $l4proto,
      $messages: ret,
    },
    dataOnDemand,
  ),
  call(
    'recvfrom',
    45,
    {
      res: ret,
      data: data(1),
      $peer: after('positive', {
        from: 'peerAddress',
        at: {index: 4},
        length: {index: 5, pointer: true},
      }),
      tuple: after('positive', tuple('in', {index: 0}, '$peer')),
      $l4proto,
      fd: s32(0),
      size: u32(2),
    },
    dataOnDemand,
  ),
  call(
    'recvmsg',
    47,
    {
      res: ret,
      size: after('positive', ret, 0),
      data: messageData('in', 1),
      $peer: after('positive', messageAddress(1)),
      tuple: after('positive', tuple('in', {index: 0}, '$peer')),
      $l4proto,
      msgcontrol: after('positive', control),
      fd: s32(0),
    },
    dataOnDemand,
  ),
  call(
    'recvmmsg',
    299,
    {
      res: after('positive', {from: 'messageLength', index: 1}, 'ret'),
      fd: s32(0),
      size: after('positive', {from: 'messageLength', index: 1}, 0),
      data: after('positive', firstMessageData('in', 1)),
      $peer: after('positive', messageAddress(1)),
      tuple: after('positive', tuple('in', {index: 0}, '$peer')),
      $l4proto,
      msgcontrol: after('positive', control),
      $messages: ret,
    },
    dataOnDemand,
  ),
]

function descriptorOfPair(read: 'socket' | 'peer') {
  return {from: 'descriptor', fd: {index: 3, pointer: true}, read} as const
}

/** The new descriptor, the socket behind it, and how full the listening socket's queue is. */
function accepted(): CaptureDef['values'] {
  const queue = (read: 'backlog' | 'maxBacklog') =>
    after('done', {from: 'descriptor', fd: {index: 0}, read}, 0)
  return {
    fd: ret,
    tuple: after('done', tuple('in', 'ret')),
    queuepct: made('percent', 'queuelen', 'queuemax'),
    queuelen: queue('backlog'),
    queuemax: queue('maxBacklog'),
  }
}

/** A socket option's level and name, in the numbers of events: they know only the options of the socket level. */
function option(): CaptureDef['values'] {
  return {
    $level: s32(1),
    $name: s32(2),
    level: made('socketLevel', '$level'),
    optname: made('socketOption', '$level', '$name'),
    val: made('socketValue', '$level', '$name', '$value'),
  }
}
