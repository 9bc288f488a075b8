/**
 * The one door to the C library: every other file of the sensor goes through these functions. Calls are synchronous
 * (about half a microsecond each), so errno is that of the call just made.
 */
import koffi from 'koffi'

/** Result of a call that fails with -1; `errno` is 0 when it did not. */
export interface CallResult {
  readonly value: number
  readonly errno: number
}

/** Memory mapped into the process. Never unmap while a view of it is in use. */
export interface Mapping {
  readonly pointer: unknown
  readonly length: number
  readonly view: ArrayBuffer
}

const SYS_PERF_EVENT_OPEN = 298
const SYS_BPF = 321
const SYS_MEMBARRIER = 324
const SYS_OPENAT2 = 437
const EPOLL_CTL_ADD = 1
const EPOLLIN = 1
const EPOLLET = 0x8000_0000
/** sizeof(struct epoll_event) on x86_64, where it is packed. */
const EPOLL_EVENT_SIZE = 12
const MAP_SHARED = 1

const libc = koffi.load(null)
const bpfCall = libc.func('syscall', 'long', ['long', 'int', 'void *', 'uint32_t'])
const membarrierCall = libc.func('syscall', 'long', ['long', 'int', 'unsigned int', 'int'])
const openat2Call = libc.func('syscall', 'long', ['long', 'int', 'void *', 'void *', 'size_t'])
const perfEventOpenCall = libc.func('syscall', 'long', [
  'long',
  'void *',
  'int',
  'int',
  'int',
  'unsigned long',
])
const ioctlCall = libc.func('ioctl', 'int', ['int', 'unsigned long', 'long'])
const mmapCall = libc.func('mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'int64_t'])
const munmapCall = libc.func('munmap', 'int', ['void *', 'size_t'])
const epollCreateCall = libc.func('epoll_create1', 'int', ['int'])
const epollCtlCall = libc.func('epoll_ctl', 'int', ['int', 'int', 'int', 'void *'])
const epollWaitCall = libc.func('epoll_wait', 'int', ['int', 'void *', 'int', 'int'])
const eventfdCall = libc.func('eventfd', 'int', ['uint32_t', 'int'])
const clockCall = libc.func('clock_gettime', 'int', ['int', 'void *'])
const sysconfCall = libc.func('sysconf', 'long', ['int'])

function result(value: number): CallResult {
  return {value, errno: value === -1 ? koffi.errno() : 0}
}

/** bpf(2): the attribute's bytes beyond what the command knows must be zero. */
export function bpf(command: number, attribute: Buffer): CallResult {
  return result(bpfCall(SYS_BPF, command, attribute, attribute.length))
}

/** The address of a buffer, for attributes that hold pointers. Keep the buffer referenced until the call returns. */
export function addressOf(buffer: Buffer): bigint {
  return koffi.address(buffer)
}

/**
 * Waits until whatever every CPU was running in the kernel when this was called has ended (about 12 ms): after it no program
 * that was detached before is still running.
 */
export function waitForAllCpus(): CallResult {
  const MEMBARRIER_CMD_GLOBAL = 1
  return result(membarrierCall(SYS_MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0))
}

/** mmap(2), shared, at `offset` of a descriptor. Undefined with errno when the kernel refuses. */
export function map(
  fd: number,
  offset: number,
  length: number,
  protection: {readonly write: boolean},
): Mapping | CallResult {
  const pointer: unknown = mmapCall(null, length, protection.write ? 3 : 1, MAP_SHARED, fd, offset)
  if (koffi.address(pointer as object) === 0xffff_ffff_ffff_ffffn)
    return {value: -1, errno: koffi.errno()}
  return {pointer, length, view: koffi.view(pointer, length)}
}

/** munmap(2). Every view of the mapping must be out of reach by then. */
export function unmap(mapping: Mapping): void {
  munmapCall(mapping.pointer, mapping.length)
}

/** A new event counter (non-blocking, closed on exec): writing 8 bytes to it wakes an epoll wait. */
export function eventfd(): CallResult {
  const EFD_CLOEXEC_NONBLOCK = 0o2004000
  return result(eventfdCall(0, EFD_CLOEXEC_NONBLOCK))
}

/** A new epoll instance, closed on exec. */
export function epollCreate(): CallResult {
  const EPOLL_CLOEXEC = 0o2000000
  return result(epollCreateCall(EPOLL_CLOEXEC))
}

/**
 * Watches a descriptor for input. Only news end a wait (edge-triggered): input that was there at an earlier wait, read
 * or not, does not end the next one.
 */
export function epollAdd(epoll: number, fd: number): CallResult {
  const event = Buffer.alloc(EPOLL_EVENT_SIZE)
  event.writeUInt32LE((EPOLLIN | EPOLLET) >>> 0, 0)
  event.writeInt32LE(fd, 4)
  return result(epollCtlCall(epoll, EPOLL_CTL_ADD, fd, event))
}

/** perf_event_open(2) for every task on one CPU; gives a descriptor that is closed on exec. */
export function perfEventOpen(attribute: Buffer, cpu: number): CallResult {
  const PERF_FLAG_FD_CLOEXEC = 8
  return result(
    perfEventOpenCall(SYS_PERF_EVENT_OPEN, attribute, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC),
  )
}

/** ioctl(2) with a number as its argument. */
export function ioctl(fd: number, request: number, argument: number): CallResult {
  return result(ioctlCall(fd, request, argument))
}

const waited = Buffer.alloc(EPOLL_EVENT_SIZE)

/** Blocks this thread until a watched descriptor is ready or the time is up. Number of ready descriptors, 0 or 1. */
export function epollWait(epoll: number, timeoutMs: number): CallResult {
  return result(epollWaitCall(epoll, waited, 1, timeoutMs))
}

/** Clocks of clock_gettime(2). */
export const CLOCK = {REALTIME: 0, MONOTONIC: 1, BOOTTIME: 7} as const

const timespec = Buffer.alloc(16)

/** Reads a clock, in nanoseconds. */
export function clockNs(clock: (typeof CLOCK)[keyof typeof CLOCK]): bigint {
  clockCall(clock, timespec)
  return timespec.readBigInt64LE(0) * 1_000_000_000n + timespec.readBigInt64LE(8)
}

/** Size of a memory page, in bytes. */
export function pageSize(): number {
  const SC_PAGESIZE = 30
  return Number(sysconfCall(SC_PAGESIZE))
}

/** openat2(2). `path` is closed with a NUL; flags and resolve as in linux v6.8 include/uapi/linux/openat2.h. */
export function openAt2(
  directory: number,
  path: Buffer,
  how: {readonly flags: number; readonly resolve: number},
): CallResult {
  const openHow = Buffer.alloc(24)
  openHow.writeBigUInt64LE(BigInt(how.flags), 0)
  openHow.writeBigUInt64LE(BigInt(how.resolve), 16)
  return result(Number(openat2Call(SYS_OPENAT2, directory, path, openHow, openHow.length)))
}
