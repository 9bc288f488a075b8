import assert from 'node:assert/strict'
import {afterEach, describe, it} from 'mocha'
import {listenForSignals} from '../../src/cli/signals.ts'

describe('listenForSignals', () => {
  let off: (() => void) | undefined
  afterEach(() => {
    off?.()
    off = undefined
  })

  const cases: {signal: NodeJS.Signals; want: string}[] = [
    {signal: 'SIGINT', want: 'stop'},
    {signal: 'SIGTERM', want: 'stop'},
    {signal: 'SIGHUP', want: 'reload'},
    {signal: 'SIGUSR1', want: 'reopen'},
  ]
  for (const {signal, want} of cases) {
    it(`${signal} means ${want}`, () => {
      const called: string[] = []
      const listeners = process.listenerCount(signal)
      off = listenForSignals({
        stop: () => called.push('stop'),
        reload: () => called.push('reload'),
        reopen: () => called.push('reopen'),
      })
      const own = process.listeners(signal).at(-1)!
      own(signal)
      assert.deepEqual(called, [want])
      off()
      assert.equal(process.listenerCount(signal), listeners)
    })
  }
})
