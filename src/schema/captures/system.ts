import type {CaptureDef} from '../capture.ts'
import {call, ret, s32, text, u32, u64} from './rows.ts'

/** The kernel itself: modules, mounts, programs, memory, rings. */
export const SYSTEM_CAPTURES: readonly CaptureDef[] = [
  call('init_module', 175, {res: ret, length: u64(1), uargs: text(2)}),
  call('finit_module', 313, {res: ret, fd: s32(0), uargs: text(1), flags: u32(2)}),
  call('delete_module', 176, {res: ret, name: text(0), flags: u32(1)}),
  call('mount', 165, {res: ret, dev: text(0), dir: text(1), type: text(2), flags: u32(3)}),
  call('umount2', 166, {res: ret, name: text(0), flags: u32(1)}),
  call('bpf', 321, {fd: ret, cmd: u32(0)}),
  call('userfaultfd', 323, {res: ret, flags: u32(0)}),
  call('mmap', 9, {
    res: ret,
    addr: u64(0),
    length: u64(1),
    prot: u32(2),
    flags: u32(3),
    fd: s32(4),
    offset: u64(5),
  }),
  call('mprotect', 10, {res: ret, addr: u64(0), length: u64(1), prot: u32(2)}),
  call('io_uring_setup', 425, {res: ret, entries: u32(0)}),
  call('io_uring_enter', 426, {
    res: ret,
    fd: s32(0),
    to_submit: u32(1),
    min_complete: u32(2),
    flags: u32(3),
  }),
  call('io_uring_register', 427, {
    res: ret,
    fd: s32(0),
    opcode: u32(1),
    arg: u64(2),
    nr_args: u32(3),
  }),
]
