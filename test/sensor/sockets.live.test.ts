import assert from 'node:assert/strict'
import {it} from 'mocha'
import {tupleOf} from '../../src/state/socket-text.ts'
import {describeCalls} from '../support/call-cases.ts'
import type {RecordedCalls} from '../support/record-calls.ts'
import {SOCKET_CASES} from './cases/socket-cases.ts'

/** The loopback addresses and ports that `sockets.c` makes of its process id, and the descriptor that it passes. */
function places({pid, records}: RecordedCalls): Record<string, string> {
  const port = 10_000 + (pid % 25_000) * 2
  const pair = records.find(({kind, values}) => kind === 'socketpair' && values['res'] === 0)
  return {
    net: `127.${(pid >> 8) & 0xff}.${pid & 0xff}`,
    port6: String(port),
    next6: String(port + 1),
    passed: String.fromCharCode(Number(pair?.values['fd2']) + 1),
  }
}

describeCalls('captured socket calls', 'sockets', SOCKET_CASES, places, recorded => {
  it('tell the same kernel sockets from both ends', () => {
    const {records} = recorded()
    const of = (kind: string, fits: (tuple: string) => boolean) =>
      records
        .filter(record => record.kind === kind)
        .map(({values}) => tupleOf(String(values['tuple'] ?? '')))
        .find(tuple => tuple?.kind === 'unix' && fits(tuple.path))
    const [connected, accepted] = [
      of('connect', path => path === 'unix-name'),
      of('accept', path => path === 'unix-name'),
    ]
    assert.ok(connected !== undefined && connected.kind === 'unix')
    assert.deepEqual(accepted, connected)
    const pair = records.find(({kind, values}) => kind === 'socketpair' && values['res'] === 0)
    const sent = of('sendmsg', path => path === '')
    const received = of('recvmsg', path => path === '')
    assert.ok(sent !== undefined && sent.kind === 'unix')
    assert.equal(sent.target, pair?.values['source'])
    assert.equal(sent.source, pair?.values['peer'])
    // The receiver is told first on both sides.
    assert.deepEqual(received, sent)
  })
})
