import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {after, before, describe, it} from 'mocha'
import {CodedError} from '../../../src/diagnostics/error.ts'
import type {CaptureEnd, CaptureHandler} from '../../../src/sensor/scap/capture-handler.ts'
import {readCapture, readCaptureBytes} from '../../../src/sensor/scap/read-capture.ts'
import {
  block,
  bytesFrom,
  eventBlock,
  machineBlock,
  openBlock,
  processBlock,
  sectionBlock,
  shortText,
} from '../../support/scap-file.ts'

interface Seen {
  readonly events: string[]
  readonly lists: string[]
}

function collector(): Seen & {readonly handler: CaptureHandler} {
  const events: string[] = []
  const lists: string[] = []
  return {
    events,
    lists,
    handler: {
      machine: ({hostname}) => lists.push(`machine ${hostname}`),
      thread: ({tid, comm, args, cwd, env, loginUid}) =>
        lists.push(`thread ${tid} ${comm} ${args.join('|')} ${cwd} ${env.join('|')} ${loginUid}`),
      fd: (tid, {fd, type, name}) => lists.push(`fd ${tid} ${fd} ${type} ${name}`),
      networkInterface: ({address}) => lists.push(`interface ${address.length}`),
      user: ({uid, name, shell}) => lists.push(`user ${uid} ${name} ${shell}`),
      group: ({gid, name}) => lists.push(`group ${gid} ${name}`),
      event: (event, stateOnly) =>
        events.push(
          `${event.num} ${event.def.name} ${event.tid} ${event.get('name') ?? event.get('res')}${stateOnly ? ' (state)' : ''}`,
        ),
    },
  }
}

function read(...blocks: readonly Buffer[]): Seen & {readonly end: CaptureEnd} {
  const {events, lists, handler} = collector()
  return {events, lists, end: readCaptureBytes('made-up', Buffer.concat(blocks), handler)}
}

const whole = (): Buffer =>
  Buffer.concat([
    sectionBlock(),
    machineBlock(),
    processBlock({tid: 7, args: ['-n', 'x']}),
    openBlock(7, 3, '/a'),
    openBlock(7, -2, '/b'),
  ])

describe('reading captures', () => {
  it('hands over the lists and the events', () => {
    const {events, lists, end} = read(whole())
    assert.deepEqual(lists, ['machine made-up', 'thread 7 cat -n|x /work HOME=/root 4294967295'])
    assert.deepEqual(events, ['1 open 7 /a', '2 open 7 /b'])
    assert.deepEqual(end, {events: 2, skipped: 0, damage: undefined})
  })

  const lists: readonly {name: string; block: Buffer; want: readonly string[]}[] = [
    {
      name: 'users and groups',
      block: block(
        0x206,
        [1, 0],
        [4, 5],
        [4, 6],
        shortText('ann'),
        shortText('/home/ann'),
        shortText('/bin/sh'),
        [1, 1],
        [4, 6],
        shortText('staff'),
      ),
      want: ['user 5 ann /bin/sh', 'group 6 staff'],
    },
    {
      name: 'interfaces of the second form',
      block: block(0x219, [4, 26], [2, 1], [2, 2], Buffer.alloc(12), [8, 0], 'lo'),
      want: ['interface 4'],
    },
    {
      name: 'descriptors, skipping unknown kinds by their length',
      block: block(
        0x218,
        [8, 7],
        [4, 23],
        [8, 3],
        [8, 0],
        [1, 99],
        [2, 0],
        [4, 29],
        [8, 4],
        [8, 0],
        [1, 16],
        [4, 1],
        shortText('/x'),
      ),
      want: ['fd 7 4 16 /x'],
    },
    {name: 'unknown blocks', block: block(0x777, 'whatever'), want: []},
  ]
  for (const {name, block: bytes, want} of lists) {
    it(`reads ${name}`, () => {
      const {lists: got, end} = read(sectionBlock(), bytes)
      assert.deepEqual(got, want)
      assert.equal(end.damage, undefined)
    })
  }

  it('counts parameters where old blocks do not', () => {
    const old = eventBlock(3, 7, [[8, 3], '/old', [4, 1], [4, 0]], {type: 0x204})
    assert.deepEqual(read(sectionBlock(), old).events, ['1 open 7 /old'])
  })

  it('skips events of unknown codes', () => {
    const {events, end} = read(sectionBlock(), eventBlock(9999, 7, []), openBlock(7, 3, '/a'))
    assert.deepEqual(events, ['1 open 7 /a'])
    assert.deepEqual([end.events, end.skipped], [2, 1])
  })

  it('folds the enter event of an old capture into the exit event', () => {
    const {events} = read(
      sectionBlock(),
      eventBlock(98, 7, ['/new', [4, 0o755]]),
      eventBlock(99, 7, [[8, 0]]),
      openBlock(7, 3, '/a'),
    )
    assert.deepEqual(events, ['1 mkdir 7 0', '2 open 7 /a'])
  })

  const damaged: readonly {name: string; bytes: Buffer; reason: RegExp; events: number}[] = [
    {
      name: 'a block of no length',
      bytes: bytesFrom([4, 0x216], [4, 0]),
      reason: /0 bytes/,
      events: 1,
    },
    {
      name: 'a block of four gigabytes',
      bytes: bytesFrom([4, 0x216], [4, 0xffff_fffc]),
      reason: /not possible/,
      events: 1,
    },
    {
      name: 'two lengths that differ',
      bytes: bytesFrom([4, 0x777], [4, 16], [4, 0], [4, 20]),
      reason: /differ/,
      events: 1,
    },
    {
      name: 'an event that is longer than its block',
      bytes: block(0x216, [2, 0], [8, 0], [8, 7], [4, 5000], [2, 3], [4, 6]),
      reason: /shorter/,
      events: 2,
    },
    {
      name: 'an event with four billion parameters',
      bytes: block(0x216, [2, 0], [8, 0], [8, 7], [4, 26], [2, 3], [4, 0xffff_ffff], [8, 1]),
      reason: /shorter/,
      events: 2,
    },
    {
      name: 'a thread that is cut',
      bytes: block(0x215, [4, 60], [8, 1]),
      reason: /shorter/,
      events: 1,
    },
  ]
  for (const {name, bytes, reason, events} of damaged) {
    it(`stops at ${name} and says where`, () => {
      const start = Buffer.concat([sectionBlock(), openBlock(7, 3, '/a')])
      const {end, events: seen} = read(start, bytes, openBlock(7, 4, '/never'))
      assert.deepEqual(seen.slice(0, 1), ['1 open 7 /a'])
      assert.match(end.damage?.reason ?? '', reason)
      assert.equal(end.damage?.offset, start.length)
      assert.equal(end.events, events)
      assert.ok(!seen.some(text => text.includes('/never')))
    })
  }

  const refused: readonly {name: string; bytes: Buffer}[] = [
    {name: 'other files', bytes: Buffer.from('root:x:0:0:root:/root:/bin/sh\n')},
    {name: 'a later major version', bytes: sectionBlock(2)},
    {name: 'an empty file', bytes: Buffer.alloc(0)},
    {
      name: 'captures of big-endian machines',
      bytes: block(0x0a0d0d0a, [4, 0x4d3c2b1a], [8, 0], [4, 0]),
    },
  ]
  for (const {name, bytes} of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => read(bytes),
        error => error instanceof CodedError && error.code === 'CAPTURE_INVALID',
      )
    })
  }

  it('survives being cut at every byte', () => {
    const bytes = whole()
    for (let length = 0; length < bytes.length; length++) {
      try {
        const {end, events} = read(bytes.subarray(0, length))
        assert.equal(end.events, events.length)
      } catch (error) {
        assert.ok(error instanceof CodedError && error.code === 'CAPTURE_INVALID', String(error))
      }
    }
  })

  it('survives every byte being another', () => {
    const bytes = whole()
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        const changed = Buffer.from(bytes)
        changed[at] = value
        try {
          read(changed)
        } catch (error) {
          assert.ok(error instanceof CodedError && error.code === 'CAPTURE_INVALID', String(error))
        }
      }
    }
  })

  describe('of files', () => {
    let dir: string
    before(() => {
      dir = mkdtempSync(join(tmpdir(), 'detector-scap-'))
    })
    after(() => rmSync(dir, {recursive: true}))

    async function readFile(bytes: Buffer): Promise<Seen & {readonly end: CaptureEnd}> {
      const path = join(dir, 'capture.scap')
      writeFileSync(path, bytes)
      const {events, lists: got, handler} = collector()
      return {events, lists: got, end: await readCapture(path, handler)}
    }

    it('takes plain and packed ones alike, in several members too', async () => {
      const bytes = whole()
      const members = [gzipSync(bytes.subarray(0, 100)), gzipSync(bytes.subarray(100))]
      for (const packed of [bytes, gzipSync(bytes), Buffer.concat(members)]) {
        const {events, end} = await readFile(packed)
        assert.deepEqual(events, ['1 open 7 /a', '2 open 7 /b'])
        assert.equal(end.damage, undefined)
      }
    })

    it('gives what a cut packed file holds, and says that it is cut', async () => {
      const packed = gzipSync(Buffer.concat([whole(), ...Array(2000).fill(openBlock(7, 5, '/c'))]))
      const {events, end} = await readFile(packed.subarray(0, packed.length - 20))
      assert.ok(events.length > 0)
      assert.notEqual(end.damage, undefined)
    })

    it('says when a file cannot be read', async () => {
      await assert.rejects(
        readCapture(join(dir, 'none'), collector().handler),
        error => error instanceof CodedError && error.code === 'CAPTURE_READ',
      )
    })
  })
})
