import type {Assembler, Label, Reg} from '../../../bpf/assembler.ts'
import {BPF_ALU_OP, BPF_CLASS, BPF_SOURCE} from '../../../bpf/opcodes.ts'
import {LARGEST_RECORD, SOCKET_BLOCK} from '../../../schema/record-layout.ts'
import {R, SOCKET_VIEW} from '../../bpf/capture-context.ts'
import type {FilterData} from '../filter-data.ts'
import type {KernelFilter} from '../kernel-filter.ts'
import {emitInPortTable, emitInRangeTable} from './emit-range-table.ts'
import {emitInRanges} from './emit-ranges.ts'
import {isEveryAddress, isEveryPort} from './ranges.ts'
import {
  EVERY_CLASS,
  INTERNET,
  IPV4,
  type Range,
  SOCKET_CLASS,
  type SocketAtom,
  type SocketPlace,
  type SocketQuestion,
} from './socket-atom.ts'
import {FAMILY, IPPROTO_TCP, SOCK_RAW, SOCKADDR, UNTOLD} from './socket-view.ts'

/**
 * Sockets in filters. The socket of a record is looked at once; what was found is kept in the scratch memory, in 64 bits each:
 *
 *     | class, 0 when unknown | local port | remote port | local address: low, high | remote address: low, high |
 *
 * Numbers are those that the network's bytes mean; a remote port that is not told is {@link UNTOLD_PORT}. They are kept there and
 * not in registers, so that the kernel's verifier forgets by which way they were found.
 */
const VIEW = {
  class: SOCKET_VIEW,
  local: {port: SOCKET_VIEW + 8, address: SOCKET_VIEW + 24},
  remote: {port: SOCKET_VIEW + 16, address: SOCKET_VIEW + 40},
} as const
const UNTOLD_PORT = -1
/** Ranges that are compared one by one: more stand in a table. */
const MOST_IN_CODE = 16
/** Bytes 8 to 11 of an IPv6 address that holds an IPv4 one, as a little-endian number; the ones before are 0. */
const MAPPED_MARK = 0xffff_0000n

/**
 * The place of the socket that a filter asks for; undefined when it asks for none.
 * @throws Error when it asks for two: no kind of record has so many
 */
export function socketPlaceOf(filter: KernelFilter): SocketPlace | undefined {
  if (filter.kind === 'literal') return filter.atom.kind === 'socket' ? filter.atom : undefined
  if (filter.kind !== 'and' && filter.kind !== 'or') return undefined
  let found: SocketPlace | undefined
  for (const child of filter.children) {
    const place = socketPlaceOf(child)
    if (place === undefined) continue
    if (found !== undefined && found.offset !== place.offset)
      throw new Error(`a filter looks at sockets at ${found.offset} and ${place.offset}`)
    found = place
  }
  return found
}

/** Looks at the socket and keeps what is found. Loses r0 to r5. */
export function emitSocketView(asm: Assembler, place: SocketPlace): void {
  const {offset, form, failure} = place
  const done = asm.label('socket done')
  asm.storeImm(8, R.scratch, VIEW.class, 0)
  if (failure !== undefined) {
    const ok = asm.label('not failed')
    asm.load(8, 1, R.scratch, failure.offset).jumpIfImm('jsge', 1, 0, ok)
    if (failure.means === 'none') asm.storeImm(8, R.scratch, VIEW.class, SOCKET_CLASS.none)
    asm.jump(done).place(ok)
  }
  const untold = place.family === undefined ? done : asm.label('untold')
  asm
    .load(2, 1, R.scratch, offset + 6)
    .aluImm('and', 1, UNTOLD)
    .jumpIfImm('jne', 1, 0, untold)
  asm.load(2, 2, R.scratch, offset + 4).load(4, 1, R.scratch, offset)
  asm.jumpIfImm('jgt', 1, LARGEST_RECORD, done).alu('add', 1, R.scratch)
  if (form === 'block') emitBlockView(asm, place, done)
  else emitAddressView(asm, done)
  if (place.family !== undefined) {
    asm.jump(done).place(untold)
    emitFamilyView(asm, place.family, done)
  }
  asm.place(done)
}

/** Goes by the family alone. */
function emitFamilyView(asm: Assembler, offset: number, done: Label): void {
  const other = asm.label('other family')
  asm.load(8, 1, R.scratch, offset).jumpIfImm('jeq', 1, 0, done)
  asm.jumpIfImm('jeq', 1, FAMILY.inet, done).jumpIfImm('jeq', 1, FAMILY.inet6, done)
  asm.jumpIfImm('jne', 1, FAMILY.unix, other)
  asm.storeImm(8, R.scratch, VIEW.class, SOCKET_CLASS.unixAlone).jump(done)
  asm.place(other).storeImm(8, R.scratch, VIEW.class, SOCKET_CLASS.other)
}

/** `r1` the block, `r2` its length. */
function emitBlockView(asm: Assembler, {isPeerNamed}: SocketPlace, done: Label): void {
  const [inet, inet6, notUnix] = [asm.label('inet'), asm.label('inet6'), asm.label('not unix')]
  const at = SOCKET_BLOCK
  const shortest = (size: number): void => {
    asm.jumpIfImm('jlt', 2, size, done)
  }
  shortest(at.addresses)
  asm.load(2, 3, 1, at.family).jumpIfImm('jne', 3, FAMILY.unix, notUnix)
  shortest(at.unixAddress)
  asm.storeImm(8, R.scratch, VIEW.class, SOCKET_CLASS.unix).jump(done)
  asm.place(notUnix)
  emitPort(asm, at.localPort, VIEW.local.port)
  emitPort(asm, at.remotePort, VIEW.remote.port)
  asm.jumpIfImm('jeq', 3, FAMILY.inet, inet).jumpIfImm('jne', 3, FAMILY.inet6, done)

  shortest(at.addresses + 32)
  // The peer that is named elsewhere decides whether the addresses are IPv4 ones.
  if (isPeerNamed) asm.load(8, 4, R.scratch, VIEW.remote.port).jumpIfImm('jeq', 4, 0, done)
  emitJumpUnlessMapped(asm, at.addresses, inet6)
  emitJumpUnlessMapped(asm, at.addresses + 16, inet6)
  emitIpv4(asm, at.addresses + 12, VIEW.local.address)
  emitIpv4(asm, at.addresses + 28, VIEW.remote.address)
  emitClass(asm, 'ipv4')
  asm.jump(done).place(inet6)
  emitIpv6(asm, at.addresses, VIEW.local.address)
  emitIpv6(asm, at.addresses + 16, VIEW.remote.address)
  emitClass(asm, 'ipv6')
  asm.jump(done)

  asm.place(inet)
  shortest(at.addresses + 8)
  emitIpv4(asm, at.addresses, VIEW.local.address)
  emitIpv4(asm, at.addresses + 4, VIEW.remote.address)
  emitClass(asm, 'ipv4')
  if (!isPeerNamed) return
  asm.load(8, 4, R.scratch, VIEW.remote.port).jumpIfImm('jne', 4, 0, done)
  asm.storeImm(8, R.scratch, VIEW.remote.port, UNTOLD_PORT)
}

/** Stores the class of the block at r1. Loses r3 and r4. */
function emitClass(asm: Assembler, family: 'ipv4' | 'ipv6'): void {
  const [other, known] = [asm.label('no stream'), asm.label('class known')]
  asm.load(2, 3, 1, SOCKET_BLOCK.protocol).load(2, 4, 1, SOCKET_BLOCK.type)
  asm.jumpIfImm('jne', 3, IPPROTO_TCP, other).jumpIfImm('jeq', 4, SOCK_RAW, other)
  asm.storeImm(8, R.scratch, VIEW.class, SOCKET_CLASS[`${family}Stream`]).jump(known)
  asm.place(other).storeImm(8, R.scratch, VIEW.class, SOCKET_CLASS[`${family}Other`])
  asm.place(known)
}

/** `r1` the address, `r2` its length. */
function emitAddressView(asm: Assembler, done: Label): void {
  const [inet, inet6] = [asm.label('inet'), asm.label('inet6')]
  const finish = (name: 'ipv4Other' | 'ipv6Other'): void => {
    asm.storeImm(8, R.scratch, VIEW.class, SOCKET_CLASS[name])
  }
  asm.storeImm(8, R.scratch, VIEW.remote.port, UNTOLD_PORT)
  asm.jumpIfImm('jlt', 2, SOCKADDR.inet + 4, done).load(2, 3, 1, SOCKADDR.family)
  emitPort(asm, SOCKADDR.port, VIEW.local.port)
  asm.jumpIfImm('jeq', 4, 0, done)
  asm.jumpIfImm('jeq', 3, FAMILY.inet, inet).jumpIfImm('jne', 3, FAMILY.inet6, done)
  asm.jumpIfImm('jlt', 2, SOCKADDR.inet6 + 16, done)
  emitJumpUnlessMapped(asm, SOCKADDR.inet6, inet6)
  emitIpv4(asm, SOCKADDR.inet6 + 12, VIEW.local.address)
  finish('ipv4Other')
  asm.jump(done).place(inet6)
  emitIpv6(asm, SOCKADDR.inet6, VIEW.local.address)
  finish('ipv6Other')
  asm.jump(done).place(inet)
  emitIpv4(asm, SOCKADDR.inet, VIEW.local.address)
  finish('ipv4Other')
}

/** Keeps the port at r1 + `from`, also in r4. */
function emitPort(asm: Assembler, from: number, to: number): void {
  asm.load(2, 4, 1, from)
  emitFromNetwork(asm, 4, 16)
  asm.store(8, R.scratch, to, 4)
}

function emitIpv4(asm: Assembler, from: number, to: number): void {
  asm.load(4, 4, 1, from)
  emitFromNetwork(asm, 4, 32)
  asm.store(8, R.scratch, to, 4)
}

function emitIpv6(asm: Assembler, from: number, to: number): void {
  for (const [at, place] of [
    [from + 8, to],
    [from, to + 8],
  ] as const) {
    asm.load(8, 4, 1, at)
    emitFromNetwork(asm, 4, 64)
    asm.store(8, R.scratch, place, 4)
  }
}

/** Jumps unless the IPv6 address at r1 + `from` holds an IPv4 one. Loses r4 and r5. */
function emitJumpUnlessMapped(asm: Assembler, from: number, otherwise: Label): void {
  asm.load(8, 4, 1, from).jumpIfImm('jne', 4, 0, otherwise)
  asm
    .load(4, 4, 1, from + 8)
    .movImm(5, MAPPED_MARK)
    .jumpIf('jne', 4, 5, otherwise)
}

/** Turns a number from the network's order, and clears the bits above. */
function emitFromNetwork(asm: Assembler, register: Reg, bits: 16 | 32 | 64): void {
  const opcode = BPF_CLASS.ALU | BPF_SOURCE.X | BPF_ALU_OP.end
  asm.append({opcode, dst: register, src: 0, off: 0, imm: bits})
}

/** Answers a question about the socket that was looked at; goes on when it is known and the answer is no. */
export function emitSocketLiteral(
  asm: Assembler,
  {question}: SocketAtom,
  {pass, yes}: {readonly pass: Label; readonly yes: Label},
  data: FilterData,
): void {
  asm.load(8, 1, R.scratch, VIEW.class).jumpIfImm('jeq', 1, 0, pass)
  if (question.ask === 'class') {
    if (question.classes !== 0) asm.jumpIfImm('jset', 1, question.classes, yes)
    return
  }
  const no = asm.label('no')
  asm.jumpIfImm('jset', 1, EVERY_CLASS & ~INTERNET, no)
  const untold = (): void => {
    asm.load(8, 1, R.scratch, VIEW.remote.port).jumpIfImm('jeq', 1, UNTOLD_PORT, pass)
  }
  const {end} = question
  // No code may stand where nothing leads.
  if (isEvery(question)) {
    if (end === 'remote' || end === 'all') untold()
    asm.jump(yes).place(no)
    return
  }
  if (end !== 'remote') {
    const next = end === 'local' ? undefined : asm.label('other end')
    const [isIn, isOut] = end === 'all' ? [next!, no] : [yes, next ?? no]
    emitEnd(asm, question, 'local', {yes: isIn, no: isOut}, data)
    if (next !== undefined) asm.place(next)
  }
  if (end !== 'local') {
    untold()
    emitEnd(asm, question, 'remote', {yes, no}, data)
  }
  asm.place(no)
}

function isEvery(question: Exclude<SocketQuestion, {ask: 'class'}>): boolean {
  return question.ask === 'port' ? isEveryPort(question.ranges) : isEveryAddress(question)
}

/** Jumps by whether one end is in the set that is asked for. */
function emitEnd(
  asm: Assembler,
  question: Exclude<SocketQuestion, {ask: 'class'}>,
  end: 'local' | 'remote',
  answers: {readonly yes: Label; readonly no: Label},
  data: FilterData,
): void {
  const {port, address} = VIEW[end]
  if (question.ask === 'port') {
    asm.load(8, 1, R.scratch, port)
    emitSet(asm, 16, question.ranges, answers, data)
    return
  }
  const ipv4 = asm.label('ipv4')
  asm.load(8, 3, R.scratch, VIEW.class)
  asm.load(8, 1, R.scratch, address).load(8, 2, R.scratch, address + 8)
  asm.jumpIfImm('jset', 3, IPV4, ipv4)
  emitInRanges(asm, {low: 1, high: 2}, 128, question.ipv6, answers)
  asm.place(ipv4)
  emitSet(asm, 32, question.ipv4, answers, data)
}

/** Jumps by whether the number in r1 is in one of the ranges. */
function emitSet(
  asm: Assembler,
  bits: 16 | 32,
  ranges: readonly Range[],
  answers: {readonly yes: Label; readonly no: Label},
  data: FilterData,
): void {
  if (ranges.length <= MOST_IN_CODE) {
    emitInRanges(asm, {low: 1}, bits, ranges, answers)
    return
  }
  if (bits === 16) emitInPortTable(asm, ranges, answers.yes, data)
  else emitInRangeTable(asm, ranges, answers.yes, data)
  asm.jump(answers.no)
}
