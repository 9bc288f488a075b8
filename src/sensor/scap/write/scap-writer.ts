import type {ListedMachine} from '../../../state/metadata.ts'
import {BlockBuffer} from './block-buffer.ts'
import type {CaptureWriter} from './capture-writer.ts'
import {writeEvent} from './event-block.ts'
import type {FileSink} from './file-sink.ts'
import {
  writeFd,
  writeGroup,
  writeInterface,
  writeMachine,
  writeThread,
  writeUser,
} from './list-entries.ts'

const SECTION = 0x0a0d0d0a
const SECTION_MAGIC = 0x1a2b3c4d
const [MAJOR, MINOR] = [1, 2]
const MACHINE = 0x201
/** Block types of the lists, in their newest versions. */
const LISTS = {processes: 0x215, fds: 0x218, interfaces: 0x219, users: 0x220} as const
type List = keyof typeof LISTS
/** A list goes on in a block of its own past this size. */
const MAX_LIST_BYTES = 64 * 1024
/** Other readers refuse a file that lacks one of these. */
const EXPECTED: readonly List[] = ['interfaces', 'users', 'processes']
const NO_MACHINE: ListedMachine = {cpus: 1, hostname: '', bootNs: 0n}

/** Writes a `.scap` capture in the newest forms that sysdig 0.29.3 reads as well. */
export function createScapWriter(sink: FileSink): CaptureWriter {
  const out = new BlockBuffer(sink)
  const seen = new Set<List | 'machine'>()
  /** The list whose block is open, and the thread of a descriptor list. */
  let open: List | undefined
  let fdOwner = 0
  const threads = new Set<number>()
  let inEvents = false
  let isClosed = false
  let events = 0

  const endList = (): void => {
    if (open === undefined) return
    open = undefined
    out.end()
  }
  const inList = (list: List, write: () => void, owner = 0): void => {
    if (inEvents) return
    if (open !== list || owner !== fdOwner || out.blockBytes > MAX_LIST_BYTES) {
      endList()
      out.begin(LISTS[list])
      if (list === 'fds') out.u64(owner)
      seen.add(list)
      open = list
      fdOwner = owner
    }
    write()
  }
  const machine = (listed: ListedMachine): void => {
    if (inEvents) return
    endList()
    seen.add('machine')
    out.begin(MACHINE)
    writeMachine(out, listed)
    out.end()
  }
  const startEvents = (): void => {
    if (inEvents) return
    if (!seen.has('machine')) machine(NO_MACHINE)
    for (const list of EXPECTED) if (!seen.has(list)) inList(list, () => undefined)
    endList()
    threads.clear()
    inEvents = true
  }

  out.begin(SECTION)
  out.u32(SECTION_MAGIC)
  out.u16(MAJOR)
  out.u16(MINOR)
  out.u64(-1)
  out.end()
  return {
    get events() {
      return events
    },
    get bytes() {
      return out.total
    },
    machine,
    thread(thread) {
      threads.add(thread.tid)
      inList('processes', () => writeThread(out, thread))
    },
    fd(tid, fd) {
      // The peers refuse a file with descriptors of nobody.
      if (threads.has(tid)) inList('fds', () => writeFd(out, fd), tid)
    },
    networkInterface: entry => inList('interfaces', () => writeInterface(out, entry)),
    user: user => inList('users', () => writeUser(out, user)),
    group: group => inList('users', () => writeGroup(out, group)),
    startEvents,
    event(event, stateOnly = false) {
      startEvents()
      events++
      writeEvent(out, event, stateOnly)
    },
    close() {
      if (isClosed) return
      isClosed = true
      startEvents()
      out.flush()
      sink.close()
    },
  }
}
