import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, statSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import fc from 'fast-check'
import {after, before, describe, it} from 'mocha'
import {CodedError} from '../../../../src/diagnostics/error.ts'
import type {Event} from '../../../../src/schema/event.ts'
import {currentEvent} from '../../../../src/schema/event-table.ts'
import {SC_NAMES} from '../../../../src/schema/tables/syscalls.ts'
import {readCapture, readCaptureBytes} from '../../../../src/sensor/scap/read-capture.ts'
import type {CaptureWriter} from '../../../../src/sensor/scap/write/capture-writer.ts'
import type {FileSink} from '../../../../src/sensor/scap/write/file-sink.ts'
import {openCaptureWriter} from '../../../../src/sensor/scap/write/open-capture-writer.ts'
import {createScapWriter} from '../../../../src/sensor/scap/write/scap-writer.ts'
import {
  arbitraryEvent,
  CURRENT_DEFS,
  eventHandler,
  facts,
  LISTED_FDS,
  LISTED_THREAD,
  madeEvent,
} from '../../../support/capture-events.ts'

/** Keeps what is written, write by write. */
function memorySink(): FileSink & {readonly writes: Buffer[]} {
  const writes: Buffer[] = []
  return {
    writes,
    failure: undefined,
    write: bytes => void writes.push(Buffer.from(bytes)),
    close: () => undefined,
  }
}

function scapOf(fill: (writer: CaptureWriter) => void): Buffer {
  const sink = memorySink()
  const writer = createScapWriter(sink)
  fill(writer)
  writer.close()
  return Buffer.concat(sink.writes)
}

const OPEN = madeEvent('open', {fd: 3, name: '/a', flags: 1, mode: 0, dev: 5, ino: 6})

describe('writing captures', () => {
  let dir: string
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'detector-write-'))
  })
  after(() => rmSync(dir, {recursive: true}))

  for (const form of ['scap', 'scap.gz', 'jsonl', 'jsonl.gz']) {
    it(`gives back from .${form} what stands in the lists`, async () => {
      const path = join(dir, `lists.${form}`)
      const writer = openCaptureWriter(path)
      writer.machine({cpus: 4, hostname: 'box', bootNs: 2n ** 60n})
      writer.thread(LISTED_THREAD)
      for (const fd of LISTED_FDS) writer.fd(7, fd)
      writer.networkInterface({address: '\n\0\0\x01', netmask: '\xff\0\0\0'})
      writer.networkInterface({address: 'abcdefghijklmnop', netmask: '\xff'.repeat(16)})
      writer.user({uid: 5, name: 'ann', home: '/home/ann', shell: '/bin/sh'})
      writer.group({gid: 6, name: 'staff\xff'})
      writer.thread({...LISTED_THREAD, tid: 8, args: [], env: ['', 'a', '']})
      writer.fd(8, LISTED_FDS[0]!)
      writer.event(OPEN)
      writer.close()
      const seen: unknown[] = []
      const take =
        (what: string) =>
        (...parts: unknown[]): void =>
          void seen.push([what, ...parts])
      const end = await readCapture(path, {
        machine: take('machine'),
        thread: take('thread'),
        fd: take('fd'),
        networkInterface: take('interface'),
        user: take('user'),
        group: take('group'),
        event: event => seen.push(facts(event)),
      })
      assert.deepEqual(seen, [
        ['machine', {cpus: 4, hostname: 'box', bootNs: 2n ** 60n}],
        ['thread', LISTED_THREAD],
        ...LISTED_FDS.map(fd => ['fd', 7, fd]),
        ['interface', {address: '\n\0\0\x01', netmask: '\xff\0\0\0'}],
        ['interface', {address: 'abcdefghijklmnop', netmask: '\xff'.repeat(16)}],
        ['user', {uid: 5, name: 'ann', home: '/home/ann', shell: '/bin/sh'}],
        ['group', {gid: 6, name: 'staff\xff'}],
        ['thread', {...LISTED_THREAD, tid: 8, args: [], env: ['', 'a', '']}],
        ['fd', 8, LISTED_FDS[0]],
        facts(OPEN),
      ])
      assert.deepEqual(end, {events: 1, skipped: 0, damage: undefined})
      assert.equal(statSync(path).mode & 0o777, 0o600)
    })
  }

  it('gives back every event of today’s tables from .scap', () => {
    const events = fc.tuple(...CURRENT_DEFS.map(arbitraryEvent))
    fc.assert(
      fc.property(events, list => {
        const seen: object[] = []
        const bytes = scapOf(writer => {
          for (const event of list) writer.event(event)
        })
        const end = readCaptureBytes(
          'made',
          bytes,
          eventHandler(event => seen.push(facts(event))),
        )
        assert.equal(end.damage, undefined)
        assert.deepEqual(seen, list.map(scapFacts))
      }),
      {numRuns: 20},
    )
  })

  it('gives back events that are for the state alone', () => {
    const seen: unknown[] = []
    const bytes = scapOf(writer => {
      writer.event(OPEN, true)
      writer.event(madeEvent('close', {res: 0, fd: 3}), true)
      writer.event(OPEN)
    })
    readCaptureBytes(
      'made',
      bytes,
      eventHandler((event, stateOnly) => seen.push([event.def.name, stateOnly])),
    )
    assert.deepEqual(seen, [
      ['open', true],
      ['close', true],
      ['open', false],
    ])
  })

  it('writes events of our own as the generic one', () => {
    const own = {...currentEvent('chmod')!, code: 1, name: 'sched_yield'}
    const bytes = scapOf(writer => writer.event(madeEvent(own, {res: 0})))
    const seen: object[] = []
    readCaptureBytes(
      'made',
      bytes,
      eventHandler(event => seen.push(facts(event))),
    )
    const generic = madeEvent(currentEvent('syscall')!, {
      ID: SC_NAMES.indexOf('sched_yield'),
      nativeID: 24,
    })
    assert.deepEqual(seen, [facts(generic)])
  })

  it('cuts what other readers refuse', () => {
    const long = 'x'.repeat(70_000)
    const bytes = scapOf(writer => {
      writer.thread({...LISTED_THREAD, args: [long], cwd: long})
      // Of no listed thread.
      writer.fd(99, LISTED_FDS[0]!)
      writer.user({uid: 1, name: long, home: long, shell: long})
      writer.event(madeEvent('rename', {res: -2, oldpath: long, newpath: long}))
      writer.event(madeEvent('write', {res: 1, fd: 3, size: 9, data: long}))
    })
    const seen: unknown[] = []
    readCaptureBytes('made', bytes, {
      ...eventHandler(event =>
        seen.push(['oldpath', 'newpath', 'data', 'size'].map(name => lengthOf(event.get(name)))),
      ),
      thread: ({args, cwd}) => seen.push([args[0]?.length, cwd.length]),
      fd: () => seen.push('fd'),
      user: ({name, home, shell}) => seen.push([name.length, home.length, shell.length]),
    })
    assert.deepEqual(seen, [
      [4096, 1023],
      [255, 255, 255],
      [65_478, undefined, undefined, undefined],
      [undefined, undefined, 65_465, 9],
    ])
  })

  it('writes pieces that end where a block ends', () => {
    const sink = memorySink()
    const writer = createScapWriter(sink)
    for (let i = 0; i < 20_000; i++) writer.event(OPEN)
    assert.ok(sink.writes.length > 3, `${sink.writes.length} writes`)
    const bytes = Buffer.concat(sink.writes)
    const end = readCaptureBytes(
      'made',
      bytes,
      eventHandler(() => undefined),
    )
    assert.equal(end.damage, undefined)
    assert.ok(end.events > 1000 && end.events < 20_000, `${end.events} events`)
    assert.equal(writer.events, 20_000)
  })

  for (const form of ['scap', 'scap.gz', 'jsonl']) {
    it(`says once that .${form} cannot be written, and goes on`, () => {
      const errors: CodedError[] = []
      const path = join(dir, `full.${form}`)
      // Writing to it gives ENOSPC.
      symlinkSync('/dev/full', path)
      const writer = openCaptureWriter(path, {onFailure: error => errors.push(error)})
      for (let i = 0; i < 10_000; i++) writer.event(OPEN)
      writer.close()
      writer.close()
      assert.deepEqual(
        errors.map(({code}) => code),
        ['CAPTURE_WRITE'],
      )
    })
  }

  it('refuses a name that says no form, and a file that cannot be created', () => {
    const cases = [
      {path: join(dir, 'capture.pcap'), code: 'CAPTURE_NAME'},
      {path: join(dir, 'none', 'x.scap'), code: 'CAPTURE_WRITE'},
    ]
    for (const {path, code} of cases)
      assert.throws(
        () => openCaptureWriter(path),
        error => error instanceof CodedError && error.code === code,
      )
  })
})

function lengthOf(value: ReturnType<Event['get']>): unknown {
  return typeof value === 'string' ? value.length : value
}

/** What `.scap` holds of an event: numbers of events, and what only the live sensor knows, are not in it. */
function scapFacts(event: Event): object {
  return {...facts(event), live: undefined}
}
