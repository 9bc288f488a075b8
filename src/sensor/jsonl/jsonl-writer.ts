import {CAPTURES} from '../../schema/capture-table.ts'
import type {Event} from '../../schema/event.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import {eventByCode} from '../../schema/event-table.ts'
import type {ListedMachine} from '../../state/metadata.ts'
import {paramForm} from '../scap/event-form.ts'
import type {CaptureWriter} from '../scap/write/capture-writer.ts'
import type {FileSink} from '../scap/write/file-sink.ts'
import {bytesToJson, intToJson} from './json-checks.ts'
import {FORMAT, VERSION} from './jsonl-format.ts'
import {defKey} from './jsonl-reader.ts'
import {LISTED} from './list-json.ts'

/** Text that is gathered before it is written, in UTF-16 units. */
const BUFFERED = 256 * 1024

/** Values that only the state uses, by kind of record. */
const extras: ReadonlyMap<string, readonly string[]> = new Map(
  CAPTURES.map(({kind, values}) => [kind, Object.keys(values).filter(name => name[0] === '$')]),
)

/** Writes a `.jsonl` capture: every value that an event has, and what only the live sensor knows of it. */
export function createJsonlWriter(sink: FileSink): CaptureWriter {
  const defined = new Map<string, EventDef>()
  let text = ''
  let written = 0
  let events = 0
  let hasHead = false

  const flush = (): void => {
    if (text === '') return
    const bytes = Buffer.from(text, 'utf8')
    text = ''
    written += bytes.length
    sink.write(bytes)
  }
  const line = (json: object): void => {
    text += `${JSON.stringify(json)}\n`
    if (text.length >= BUFFERED) flush()
  }
  const head = (machine?: ListedMachine): void => {
    hasHead = true
    line({
      format: FORMAT,
      version: VERSION,
      ...(machine === undefined ? {} : {machine: LISTED.machine.toJson(machine)}),
    })
  }
  const entry = (json: object): void => {
    if (!hasHead) head()
    line(json)
  }
  const define = (def: EventDef): void => {
    if (eventByCode(def.code) === def) return
    const key = defKey(def.code, def.name)
    if (defined.get(key) === def) return
    defined.set(key, def)
    entry({def})
  }

  return {
    get events() {
      return events
    },
    get bytes() {
      return written + text.length
    },
    machine: machine => {
      if (hasHead) entry({machine: LISTED.machine.toJson(machine)})
      else head(machine)
    },
    thread: thread => entry({thread: LISTED.thread.toJson(thread)}),
    fd: (tid, fd) => entry({fd: {tid, ...(LISTED.fd.toJson(fd) as object)}}),
    networkInterface: found => entry({interface: LISTED.interface.toJson(found)}),
    user: user => entry({user: LISTED.user.toJson(user)}),
    group: group => entry({group: LISTED.group.toJson(group)}),
    startEvents: () => {
      if (!hasHead) head()
    },
    event(event, stateOnly = false) {
      define(event.def)
      events++
      entry(eventToJson(event, stateOnly))
    },
    close() {
      if (!hasHead) head()
      flush()
      sink.close()
    },
  }
}

function eventToJson(event: Event, stateOnly: boolean): object {
  const {def, live, paramCount} = event
  const params: Record<string, unknown> = {}
  const cut: string[] = []
  const take = (name: string, isText: boolean | undefined): void => {
    const value = event.get(name)
    if (value === undefined || (isText !== undefined && isText !== (typeof value === 'string')))
      return
    params[name] = typeof value === 'string' ? bytesToJson(value) : intToJson(value)
    if (live?.isCut(name) === true) cut.push(name)
  }
  for (const {name, type} of def.params) take(name, paramForm(type).size === 0)
  for (const name of extras.get(live?.kind ?? '') ?? []) take(name, undefined)
  return {
    num: event.num,
    time: String(event.timeNs()),
    tid: event.tid,
    cpu: event.cpu,
    code: def.code,
    type: def.name,
    ...(stateOnly ? {stateOnly} : {}),
    ...(paramCount === def.params.length ? {} : {count: paramCount}),
    params,
    ...(live === undefined
      ? {}
      : {
          live: {
            kind: live.kind,
            pid: live.pid,
            uid: live.uid,
            gid: live.gid,
            started: live.startedNs,
            ...(live.copied === undefined ? {} : {copied: live.copied}),
            ...(cut.length === 0 ? {} : {cut}),
          },
        }),
  }
}
