import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {ABSENT_NUMBER, HEADER, RECORD_LAYOUTS, SLOT_FLAG} from '../../src/schema/record-layout.ts'
import {encodedDevice, RecordEvent} from '../../src/sensor/decoder.ts'

type SlotValue = number | bigint | {readonly text: string; readonly flags?: number}

/** Builds the bytes of a record as a kernel program writes them, at an odd place of a larger buffer. */
function mkRecord(
  kind: string,
  values: Readonly<Record<string, SlotValue>>,
): {bytes: Buffer; start: number; length: number} {
  const layout = RECORD_LAYOUTS.find(({capture}) => capture.kind === kind)!
  const data: Buffer[] = []
  const fixed = Buffer.alloc(layout.fixedSize)
  let end = layout.fixedSize
  fixed.writeBigUInt64LE(5_000_000_000n, HEADER.timestamp)
  fixed.writeUInt16LE(layout.index, HEADER.kind)
  fixed.writeUInt16LE(3, HEADER.cpu)
  fixed.writeUInt32LE(11, HEADER.tid)
  fixed.writeUInt32LE(10, HEADER.pid)
  fixed.writeUInt32LE(1000, HEADER.uid)
  fixed.writeUInt32LE(100, HEADER.gid)
  fixed.writeBigUInt64LE(4_000_000_000n, HEADER.start)
  for (const slot of layout.slots) {
    const value = values[slot.name] ?? 0
    if (typeof value !== 'object') {
      fixed.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)), slot.offset)
      continue
    }
    const bytes = Buffer.from(value.text, 'latin1')
    fixed.writeUInt32LE(end, slot.offset)
    fixed.writeUInt16LE(bytes.length, slot.offset + 4)
    fixed.writeUInt16LE(value.flags ?? 0, slot.offset + 6)
    data.push(bytes)
    end += bytes.length
  }
  const start = 24
  return {
    bytes: Buffer.concat([Buffer.alloc(start, 0xee), fixed, ...data, Buffer.alloc(9, 0xee)]),
    start,
    length: end,
  }
}

function decoded(kind: string, values: Readonly<Record<string, SlotValue>>): RecordEvent {
  const event = new RecordEvent({bootNs: 1_700_000_000_000_000_000n})
  const {bytes, start, length} = mkRecord(kind, values)
  event.moveTo(bytes, start, length)
  return event
}

describe('RecordEvent', () => {
  it('reads the header', () => {
    const event = decoded('close', {res: 0, fd: 3})
    assert.deepEqual(
      [event.tid, event.pid, event.uid, event.gid, event.num, event.cpu],
      [11, 10, 1000, 100, 1, 3],
    )
    assert.equal(event.timeNs(), 1_700_000_005_000_000_000n)
    assert.equal(event.startedNs, 4_000_000_000)
    assert.equal(event.def.name, 'close')
  })

  it('reads numbers by their sign, exactly', () => {
    const event = decoded('pwrite64', {
      res: -2,
      fd: -1,
      size: 4_294_967_295,
      pos: 0xffff_ffff_ffff_fff0n,
    })
    assert.deepEqual(
      ['res', 'fd', 'size', 'pos'].map(name => event.get(name)),
      [-2, -1, 4_294_967_295, 0xffff_ffff_ffff_fff0n],
    )
  })

  it('carries flags in the numbers that events use, not the kernel’s', () => {
    const O_WRONLY_CREAT_CLOEXEC = 0o2000101
    assert.equal(
      decoded('openat', {flags: O_WRONLY_CREAT_CLOEXEC, name: {text: 'x'}}).get('flags'),
      2 | 4 | 4096,
    )
  })

  it('adds the bits that the kernel has no flags for', () => {
    const created = 1 << 14
    assert.equal(
      decoded('openat', {flags: (BigInt(created) << 32n) | 0o101n, name: {text: 'x'}}).get('flags'),
      2 | 4 | created,
    )
    const inNamespace = 1 << 29
    assert.equal(
      decoded('clone', {flags: (BigInt(inNamespace) << 32n) | 0x400n}).get('flags'),
      1 | inNamespace,
    )
  })

  it('gives nothing for a number that is absent', () => {
    const event = decoded('fchmod', {$dev: ABSENT_NUMBER, $ino: ABSENT_NUMBER, res: -9})
    assert.deepEqual(
      [event.get('$dev'), event.get('$ino'), event.get('res')],
      [undefined, undefined, -9],
    )
  })

  it('reads text bytewise', () => {
    assert.equal(decoded('unlink', {path: {text: '/tmp/\xff\xfe'}}).get('path'), '/tmp/\xff\xfe')
  })

  it('says when a text was cut, and nothing of one that could not be read', () => {
    const cut = decoded('unlink', {path: {text: 'abc', flags: SLOT_FLAG.cut}})
    assert.deepEqual([cut.get('path'), cut.isCut('path'), cut.isCut('res')], ['abc', true, false])
    assert.equal(
      decoded('unlink', {path: {text: '', flags: SLOT_FLAG.fault}}).get('path'),
      undefined,
    )
  })

  it('derives program name and arguments from one block', () => {
    const event = decoded('exec', {
      $syscall: 59,
      $argv: {text: 'ls\0-l\0/tmp\0'},
      cwd: {text: 'a\0tmp\0', flags: SLOT_FLAG.whole},
      tty: 136 << 20,
    })
    assert.deepEqual(
      ['exe', 'args', 'cwd', 'res', 'tid', 'tty'].map(name => event.get(name)),
      ['ls', '-l\0/tmp\0', '/tmp/a', 0, 11, 136 << 8],
    )
  })

  it('names the event after the system call where one hook stands for several', () => {
    assert.equal(decoded('exec', {$syscall: 322}).def.name, 'execveat')
    assert.equal(decoded('new_task', {$syscall: 435}).def.name, 'clone3')
  })

  it('splits an exit status', () => {
    const event = decoded('procexit', {status: (3 << 8) | 0x80 | 9})
    assert.deepEqual(
      ['ret', 'sig', 'core'].map(name => event.get(name)),
      [3, 9, 1],
    )
  })

  it('knows no parameter that is not captured', () => {
    assert.equal(decoded('close', {}).get('nonsense'), undefined)
  })

  it('refuses what is no record', () => {
    const event = new RecordEvent({bootNs: 0n})
    const {bytes, start} = mkRecord('close', {})
    assert.throws(() => event.moveTo(bytes, start, 8), /malformed/)
    bytes.writeUInt16LE(60_000, start + HEADER.kind)
    assert.throws(() => event.moveTo(bytes, start, 64), /malformed/)
  })
})

describe('encodedDevice', () => {
  it('packs device numbers like user space does', () => {
    assert.equal(encodedDevice((136 << 20) + 5), 0x8805)
    assert.equal(encodedDevice((4 << 20) + 300), (4 << 8) | (300 & 0xff) | (256 << 12))
  })
})
