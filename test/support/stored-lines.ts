/**
 * What a capture holds, event by event as it is stored, in the words of `sysdig -r`: old captures have two events for each call
 * here, which replay makes one of.
 */
import {readFileSync} from 'node:fs'
import {gunzipSync} from 'node:zlib'
import {type ParamText, paramText} from '../../src/engine/fields/param-text.ts'
import {MatchContext} from '../../src/engine/match-context.ts'
import type {Event} from '../../src/schema/event.ts'
import {SC_NAMES} from '../../src/schema/tables/syscalls.ts'
import {BlockSplitter} from '../../src/sensor/scap/block-splitter.ts'
import {CapturedEvent} from '../../src/sensor/scap/captured-event.ts'
import {isEventBlock, newRawEvent, readEvent} from '../../src/sensor/scap/raw-event.ts'
import {ScapReader} from '../../src/sensor/scap/scap-reader.ts'
import {HostState} from '../../src/state/host-state.ts'

/** One event as text. */
export interface StoredLine {
  readonly num: number
  readonly time: string
  readonly tid: number
  readonly direction: string
  readonly type: string
  /** It stands for calls without an event of their own. */
  readonly isGeneric: boolean
  readonly args: readonly StoredArg[]
}

/** One parameter. */
export interface StoredArg extends ParamText {
  readonly name: string
  readonly type: string
}

const SYSCALL = 'syscall'

/** Reads a capture, plain or gzip. */
export function storedLines(path: string): readonly StoredLine[] {
  const file = readFileSync(path)
  const bytes = file.readUInt16BE(0) === 0x1f8b ? gunzipSync(file) : file
  const lines: StoredLine[] = []
  const state = new HostState({maxThreads: 100_000})
  const context = new MatchContext(state)
  const shown = new MatchContext(state)
  let begun = false
  const reader = new ScapReader({
    machine: machine => state.machine(machine),
    thread: thread => state.thread(thread),
    fd: (tid, fd) => state.fd(tid, fd),
    networkInterface: entry => state.networkInterface(entry),
    user: user => state.user(user),
    group: group => state.group(group),
    event(event) {
      context.begin(event)
      begun = true
    },
  })
  const raw = newRawEvent()
  const stored = new CapturedEvent()
  let num = 0
  const splitter = new BlockSplitter((type, block, start, end) => {
    begun = false
    reader.push(block.subarray(start - 8, end + 4))
    if (!isEventBlock(type)) return
    num++
    const found = readEvent(raw, block, start, end, type)
    if (found !== 'event') return
    stored.moveTo(num, raw)
    const thread = state.table.get(stored.tid)
    shown.scope = {
      ...(begun ? context.scope : ({table: state.table} as typeof shown.scope)),
      thread,
      event: stored,
    }
    lines.push(lineOf(shown, stored))
    if (begun) context.end()
  })
  splitter.push(bytes)
  return lines
}

function lineOf(context: MatchContext, event: Event): StoredLine {
  const {def, num, tid} = event
  const isGeneric = def.name === SYSCALL
  return {
    num,
    time: String(event.timeNs()),
    tid,
    direction: def.direction === 'enter' ? '>' : '<',
    type: isGeneric ? (SC_NAMES[Number(event.get('ID'))] ?? '') : def.name,
    isGeneric,
    args: def.params
      .slice(0, event.paramCount)
      .map(param => ({name: param.name, type: param.type, ...paramText(context, param)})),
  }
}
