import type {CaptureDef} from '../capture.ts'
import {call, forDescriptors, ret, s32, u32} from './rows.ts'

/** Sockets. */
export const NETWORK_CAPTURES: readonly CaptureDef[] = [
  call(
    'connect',
    42,
    {
      res: ret,
      tuple: {from: 'socket', index: 0},
      fd: s32(0),
      addr: {from: 'sockaddr', index: 1, lengthIndex: 2},
    },
    forDescriptors,
  ),
  call('socket', 41, {fd: ret, domain: u32(0), type: u32(1), proto: u32(2)}),
  call('bind', 49, {res: ret, addr: {from: 'sockaddr', index: 1, lengthIndex: 2}, fd: s32(0)}),
  call('listen', 50, {res: ret, fd: s32(0), backlog: s32(1)}),
  call('shutdown', 48, {res: ret, fd: s32(0), how: u32(1)}),
]
