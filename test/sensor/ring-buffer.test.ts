import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {NEXT} from '../../src/sensor/ring-buffer.ts'
import {MadeRing} from '../support/made-ring.ts'

/** The texts of the records that are ready. */
function texts({reader}: MadeRing): string[] {
  const found: string[] = []
  const mark = reader.mark()
  while (reader.look(mark) === NEXT.record) {
    found.push(reader.bytes.toString('latin1', reader.start, reader.start + reader.length))
    reader.pass()
  }
  reader.release()
  return found
}

function put(ring: MadeRing, text: string, outcome?: 'submit' | 'discard'): void {
  ring.reserve(text.length)!.finish(Buffer.from(text), outcome)
}

describe('RingBuffer', () => {
  it('reads records in order, whatever their length', () => {
    const ring = new MadeRing(256)
    for (const text of ['', 'a', '12345678', 'nine byte']) put(ring, text)
    assert.deepEqual(texts(ring), ['', 'a', '12345678', 'nine byte'])
    assert.deepEqual(texts(ring), [])
  })

  it('passes over discarded records', () => {
    const ring = new MadeRing(256)
    put(ring, 'gone', 'discard')
    put(ring, 'kept')
    put(ring, 'gone', 'discard')
    assert.deepEqual(texts(ring), ['kept'])
    assert.equal(ring.reader.backlogBytes, 0)
  })

  it('waits at a record that is still being written, and at nothing behind it', () => {
    const ring = new MadeRing(256)
    put(ring, 'first')
    const second = ring.reserve(6)!
    put(ring, 'third')
    assert.deepEqual(texts(ring), ['first'])
    assert.equal(ring.reader.look(ring.reader.mark()), NEXT.busy)
    second.finish(Buffer.from('second'))
    assert.deepEqual(texts(ring), ['second', 'third'])
  })

  it('reads a record that wraps round in one piece, time and again', () => {
    const ring = new MadeRing(64, {start: 4096})
    for (let round = 0; round < 50; round++) {
      const text = `${round}:`.padEnd(30 + (round % 5), 'x')
      put(ring, text)
      assert.deepEqual(texts(ring), [text])
    }
  })

  it('gives room back only for what was passed', () => {
    const ring = new MadeRing(64)
    put(ring, 'x'.repeat(40))
    assert.equal(ring.reserve(16), undefined)
    assert.equal(ring.reader.look(ring.reader.mark()), NEXT.record)
    ring.reader.release()
    assert.equal(ring.reserve(16), undefined, 'the record is still being read')
    ring.reader.pass()
    ring.reader.release()
    assert.ok(ring.reserve(16))
  })
})
