import {Assembler, type Label} from '../../../bpf/assembler.ts'
import type {Btf} from '../../../bpf/btf.ts'
import type {IteratorSpec} from '../../../bpf/iterator-spec.ts'
import {
  FILE_RECORD,
  LINK_MAX,
  SOCKET_ENDS,
  UNIX_ADDRESS_MAX,
} from '../../../schema/captures/start-records.ts'
import {SLOT_FLAG} from '../../../schema/record-layout.ts'
import {
  emitDestination,
  emitEmptySlot,
  emitForgetLength,
  emitKernelRead,
  emitSlot,
  R,
  STACK,
} from '../capture-context.ts'
import {
  emitBytes,
  emitEnd,
  emitNumberOf,
  emitStart,
  emitStore,
  hasStruct,
  type IteratorContext,
  iteratorContext,
  SCRATCH_MAP,
  slotOf,
} from './iterator-code.ts'

type Context = IteratorContext<
  keyof typeof FILE_RECORD.numbers & string,
  keyof typeof FILE_RECORD.slots & string
>

/** Offsets in struct bpf_iter__task_file (linux v6.8 kernel/bpf/task_iter.c): meta, task, fd, file. */
const CONTEXT = {task: 8, fd: 16, file: 24} as const
const S_IFMT = 0o170000
const S_IFSOCK = 0o140000
const AF_UNIX = 1

/**
 * The program of the `task_file` iterator (since Linux 5.8): one {@link FILE_RECORD} for each open descriptor of each
 * process that the reader's pid namespace holds, and of each thread that does not share its process's descriptors.
 */
export function taskFileIterator(btf: Btf): IteratorSpec {
  const asm = new Assembler()
  const cx = iteratorContext(asm, btf, FILE_RECORD)
  const out = asm.label('out')
  emitStart(cx, out)
  // Spilling keeps the type of a pointer: this is how the file and the task outlive the calls.
  asm.load(8, 9, R.ctx, CONTEXT.file).jumpIfImm('jeq', 9, 0, out)
  asm.load(8, 2, R.ctx, CONTEXT.task).jumpIfImm('jeq', 2, 0, out).store(8, 10, STACK.task, 2)
  emitNumberOf(cx, 'tid', 2, 'task_struct', [['pid']])
  emitNumberOf(cx, 'pid', 2, 'task_struct', [['tgid']])
  asm.load(4, 1, R.ctx, CONTEXT.fd)
  emitStore(cx, 'fd', 1)
  emitNumberOf(cx, 'flags', 9, 'file', [['f_flags']])
  emitNumberOf(cx, 'mode', 9, 'file', [['f_inode', 'i_mode']])
  emitNumberOf(cx, 'inode', 9, 'file', [['f_inode', 'i_ino']])
  emitNumberOf(cx, 'device', 9, 'file', [['f_inode', 'i_sb', 's_dev']])
  emitCloseOnExec(cx)
  asm.movImm(R.length, FILE_RECORD.fixedSize)
  emitLink(cx)
  const afterLink = FILE_RECORD.fixedSize + LINK_MAX
  emitForgetLength(cx, afterLink, out)
  emitSocket(cx)
  emitForgetLength(cx, afterLink + SOCKET_ENDS.size + UNIX_ADDRESS_MAX, out)
  emitEnd(cx, out)
  return {
    name: 'det_it_files',
    target: 'task_file',
    maps: [SCRATCH_MAP],
    instructions: asm.finish(),
    license: 'GPL',
  }
}

/** The bit of the descriptor in the table of those that exec closes. */
function emitCloseOnExec(cx: Context): void {
  const {asm, types} = cx
  const unknown = asm.label('no table')
  asm.storeImm(8, R.scratch, cx.record.numbers.closeOnExec, 0)
  asm.load(8, 1, 10, STACK.task).load(8, 1, 1, types.offset('task_struct', 'files'))
  asm.load(8, 1, 1, types.offset('files_struct', 'fdt'))
  asm.load(8, 3, 1, types.offset('fdtable', 'close_on_exec'))
  asm.load(4, 2, R.ctx, CONTEXT.fd).aluImm('rsh', 2, 6).aluImm('lsh', 2, 3).alu('add', 3, 2)
  emitKernelRead(cx, STACK.read, 8, unknown)
  asm.load(8, 1, 10, STACK.read).load(4, 2, R.ctx, CONTEXT.fd).aluImm('and', 2, 63)
  asm.alu('rsh', 1, 2).aluImm('and', 1, 1)
  emitStore(cx, 'closeOnExec', 1)
  asm.place(unknown)
}

/** The text that the descriptor's link has. The iterator holds the file, so its path may be followed by the kernel itself. */
function emitLink(cx: Context): void {
  const {asm, types} = cx
  const slot = slotOf(cx, 'link')
  const [fault, done] = [asm.label('fault'), asm.label('done')]
  emitDestination(cx)
  asm.mov(2, 1).mov(1, 9).aluImm('add', 1, types.offset('file', 'f_path'))
  asm.movImm(3, LINK_MAX).call('d_path')
  asm.jumpIfImm('jsle', 0, 0, fault).jumpIfImm('jgt', 0, LINK_MAX, fault).aluImm('sub', 0, 1)
  emitSlot(cx, slot, 0)
  asm.alu('add', R.length, 0).jump(done).place(fault)
  emitEmptySlot(cx, slot, SLOT_FLAG.cut)
  asm.place(done)
}

/** What a socket is, and its two ends. */
function emitSocket(cx: Context): void {
  const {asm, types, record} = cx
  const [ends, unixAddress] = [slotOf(cx, 'ends'), slotOf(cx, 'unixAddress')]
  const done = asm.label('sockets done')
  for (const name of ['family', 'socketType', 'protocol', 'socket', 'peer'] as const)
    asm.storeImm(8, R.scratch, record.numbers[name], 0)
  emitEmptySlot(cx, ends, 0)
  emitEmptySlot(cx, unixAddress, 0)
  asm.load(8, 1, R.scratch, record.numbers.mode).aluImm('and', 1, S_IFMT)
  asm.jumpIfImm('jne', 1, S_IFSOCK, done)
  asm.load(8, 3, 9, types.offset('file', 'private_data'))
  asm.aluImm('add', 3, types.offset('socket', 'sk'))
  emitKernelRead(cx, STACK.read, 8, done)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, done).store(8, 10, STACK.start, 3)
  emitStore(cx, 'socket', 3)
  emitMember(cx, 'family', 'sock_common', 'skc_family', 2, done)
  emitMember(cx, 'socketType', 'sock', 'sk_type', 2, done)
  emitMember(cx, 'protocol', 'sock', 'sk_protocol', 2, done)
  emitEnds(cx, done)
  if (hasStruct(cx.btf, 'unix_sock')) {
    asm.load(8, 1, R.scratch, record.numbers.family).jumpIfImm('jne', 1, AF_UNIX, done)
    emitUnix(cx, done)
  }
  asm.place(done)
}

/** Stores a member of the socket at STACK.start. */
function emitMember(
  cx: Context,
  name: keyof typeof FILE_RECORD.numbers,
  struct: string,
  member: string,
  width: 2 | 8,
  fault: Label,
): void {
  const {asm, types} = cx
  asm.load(8, 3, 10, STACK.start).aluImm('add', 3, types.offset(struct, member))
  emitKernelRead(cx, STACK.read, width, fault)
  asm.load(width, 1, 10, STACK.read)
  emitStore(cx, name, 1)
}

function emitEnds(cx: Context, fault: Label): void {
  const {asm, types} = cx
  const parts: readonly (readonly [from: number, to: number, size: number])[] = [
    [types.offset('sock_common', 'skc_daddr'), SOCKET_ENDS.remote4, 8],
    [types.offset('sock_common', 'skc_dport'), SOCKET_ENDS.remotePort, 4],
    [types.offset('sock_common', 'skc_v6_daddr'), SOCKET_ENDS.remote6, 16],
    [types.offset('sock_common', 'skc_v6_rcv_saddr'), SOCKET_ENDS.local6, 16],
  ]
  for (const [from, to, size] of parts) {
    emitDestination(cx)
    asm.aluImm('add', 1, to).movImm(2, size)
    asm.load(8, 3, 10, STACK.start).aluImm('add', 3, from)
    asm.call('probe_read_kernel').jumpIfImm('jne', 0, 0, fault)
  }
  asm.movImm(0, SOCKET_ENDS.size)
  emitSlot(cx, slotOf(cx, 'ends'), 0)
  asm.aluImm('add', R.length, SOCKET_ENDS.size)
}

/** The other kernel socket, and the name: struct unix_sock begins with struct sock. */
function emitUnix(cx: Context, done: Label): void {
  const {asm, types} = cx
  emitMember(cx, 'peer', 'unix_sock', 'peer', 8, done)
  asm.load(8, 3, 10, STACK.start).aluImm('add', 3, types.offset('unix_sock', 'addr'))
  emitKernelRead(cx, STACK.read, 8, done)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, done).store(8, 10, STACK.start, 3)
  asm.aluImm('add', 3, types.offset('unix_address', 'len'))
  emitKernelRead(cx, STACK.read, 4, done)
  asm.load(4, 2, 10, STACK.read).jumpIfImm('jeq', 2, 0, done)
  asm.jumpIfImm('jgt', 2, UNIX_ADDRESS_MAX, done)
  asm.load(8, 3, 10, STACK.start).aluImm('add', 3, types.offset('unix_address', 'name'))
  emitBytes(cx, slotOf(cx, 'unixAddress'), 'r2')
}
