import type {Label} from '../../../bpf/assembler.ts'
import {SLOT_FLAG, type Slot, SOCKET_BLOCK} from '../../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitDestination,
  emitEmptySlot,
  emitKernelRead,
  emitSlot,
  R,
  STACK,
} from '../capture-context.ts'
import type {SourceOf} from './number.ts'
import {emitOperand} from './operand.ts'
import {emitFile} from './path.ts'

/** Sources that look at the kernel objects behind descriptors: sockets, and the nodes of other files. */

const S_IFMT = 0o170000
const S_IFSOCK = 0o140000
const AF = {unix: 1, inet: 2, inet6: 10} as const

/** A part of a kernel object to copy: offset in it, offset in the block, bytes. */
type Part = readonly [from: number, to: number, size: number]

/** Leaves the address of the kernel's `struct sock` in `STACK.saved`; jumps when the file in r3 is no socket. */
function emitSock(cx: CaptureContext, none: Label): void {
  const {asm, types} = cx
  asm.store(8, 10, STACK.saved, 3)
  asm.aluImm('add', 3, types.offset('file', 'f_inode'))
  emitKernelRead(cx, STACK.read, 8, none)
  asm.load(8, 3, 10, STACK.read).aluImm('add', 3, types.offset('inode', 'i_mode'))
  emitKernelRead(cx, STACK.read, 2, none)
  asm.load(2, 1, 10, STACK.read).aluImm('and', 1, S_IFMT).jumpIfImm('jne', 1, S_IFSOCK, none)
  asm.load(8, 3, 10, STACK.saved).aluImm('add', 3, types.offset('file', 'private_data'))
  emitKernelRead(cx, STACK.read, 8, none)
  asm.load(8, 3, 10, STACK.read).aluImm('add', 3, types.offset('socket', 'sk'))
  emitKernelRead(cx, STACK.read, 8, none)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, none).store(8, 10, STACK.saved, 3)
}

/** Copies a socket as `SOCKET_BLOCK` says. Descriptors that are no sockets, and other families, leave the slot empty. */
export function emitSocket(cx: CaptureContext, slot: Slot, source: SourceOf<'socket'>): void {
  const {asm, types} = cx
  const [none, done] = [asm.label('no socket'), asm.label('done')]
  const [inet6, unix] = [asm.label('AF_INET6'), asm.label('AF_UNIX')]
  const at = SOCKET_BLOCK
  emitOperand(cx, 4, source.fd)
  emitFile(cx, none)
  emitSock(cx, none)
  emitParts(cx, none, [
    [types.offset('sock_common', 'skc_family'), at.family, 2],
    [types.offset('sock', 'sk_type'), at.type, 2],
    [types.offset('sock', 'sk_protocol'), at.protocol, 2],
  ])
  emitDestination(cx)
  asm.load(2, 2, 1, at.family)
  asm.jumpIfImm('jeq', 2, AF.inet6, inet6).jumpIfImm('jeq', 2, AF.unix, unix)
  asm.jumpIfImm('jne', 2, AF.inet, none)
  const ports: Part[] = [
    [types.offset('inet_sock', 'inet_sport'), at.localPort, 2],
    [types.offset('sock_common', 'skc_dport'), at.remotePort, 2],
  ]
  const finish = (size: number): void => {
    asm.movImm(0, size)
    emitSlot(cx, slot, 0)
    asm.aluImm('add', R.length, size).jump(done)
  }
  emitParts(cx, none, [
    ...ports,
    [types.offset('inet_sock', 'inet_saddr'), at.addresses, 4],
    [types.offset('sock_common', 'skc_daddr'), at.addresses + 4, 4],
  ])
  finish(at.addresses + 8)
  asm.place(inet6)
  // A kernel without IPv6 has no such members, and no such sockets.
  if (types.has('sock_common', 'skc_v6_daddr')) {
    emitParts(cx, none, [
      ...ports,
      [types.offset('sock_common', 'skc_v6_rcv_saddr'), at.addresses, 16],
      [types.offset('sock_common', 'skc_v6_daddr'), at.addresses + 16, 16],
    ])
    finish(at.addresses + 32)
  } else asm.jump(none)
  asm.place(unix)
  emitUnix(cx, slot, source.way, none)
  asm.jump(done).place(none)
  emitEmptySlot(cx, slot, SLOT_FLAG.none)
  asm.place(done)
}

/** Copies parts of the socket into the block. */
function emitParts(cx: CaptureContext, none: Label, parts: readonly Part[]): void {
  const {asm} = cx
  for (const [from, to, size] of parts) {
    emitDestination(cx)
    if (to > 0) asm.aluImm('add', 1, to)
    asm.movImm(2, size).load(8, 3, 10, STACK.saved).aluImm('add', 3, from)
    asm.call('probe_read_kernel').jumpIfImm('jne', 0, 0, none)
  }
}

/** Both ends of a unix socket, and the address that the receiving end is bound to. */
function emitUnix(cx: CaptureContext, slot: Slot, way: 'out' | 'in', none: Label): void {
  const {asm, types} = cx
  const at = SOCKET_BLOCK
  const [unnamed, finish] = [asm.label('unnamed'), asm.label('finish')]
  emitParts(cx, none, [[types.offset('unix_sock', 'peer'), at.peer, 8]])
  emitDestination(cx)
  asm.load(8, 3, 10, STACK.saved).store(8, 1, at.own, 3)
  if (way === 'out') asm.load(8, 3, 1, at.peer)
  asm.jumpIfImm('jeq', 3, 0, unnamed).aluImm('add', 3, types.offset('unix_sock', 'addr'))
  emitKernelRead(cx, STACK.read, 8, unnamed)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, unnamed).store(8, 10, STACK.saved, 3)
  asm.aluImm('add', 3, types.offset('unix_address', 'len'))
  emitKernelRead(cx, STACK.read, 4, unnamed)
  asm.load(4, 2, 10, STACK.read)
  asm.jumpIfImm('jeq', 2, 0, unnamed).jumpIfImm('jgt', 2, at.unixAddressMax, unnamed)
  asm.store(8, 10, STACK.start, 2)
  emitDestination(cx)
  asm.aluImm('add', 1, at.unixAddress)
  asm.load(8, 3, 10, STACK.saved).aluImm('add', 3, types.offset('unix_address', 'name'))
  asm.call('probe_read_kernel').jumpIfImm('jne', 0, 0, unnamed)
  asm.load(8, 0, 10, STACK.start).jump(finish)
  asm.place(unnamed).movImm(0, 0)
  asm.place(finish).aluImm('add', 0, at.unixAddress)
  emitSlot(cx, slot, 0)
  asm.alu('add', R.length, 0)
}

/** `r1 =` a number of the kernel object behind a descriptor; 0 when there is none. */
export function emitDescriptor(cx: CaptureContext, source: SourceOf<'descriptor'>): void {
  const {asm, types} = cx
  const [none, done] = [asm.label('none'), asm.label('done')]
  const member = (struct: string, name: string, size: 2 | 4 | 8): void => {
    asm.load(8, 3, 10, STACK.saved).aluImm('add', 3, types.offset(struct, name))
    emitKernelRead(cx, STACK.read, size, none)
    asm.load(size, 1, 10, STACK.read)
  }
  emitOperand(cx, 4, source.fd)
  emitFile(cx, none)
  if (source.read === 'inode') {
    asm.store(8, 10, STACK.saved, 3)
    member('file', 'f_inode', 8)
    asm.store(8, 10, STACK.saved, 1)
    member('inode', 'i_ino', 8)
  } else {
    emitSock(cx, none)
    if (source.read === 'socket') asm.load(8, 1, 10, STACK.saved)
    else if (source.read === 'family') member('sock_common', 'skc_family', 2)
    else if (source.read === 'peer') member('unix_sock', 'peer', 8)
    else if (source.read === 'backlog') member('sock', 'sk_ack_backlog', 4)
    else member('sock', 'sk_max_ack_backlog', 4)
  }
  asm.jump(done).place(none).movImm(1, 0).place(done)
}
