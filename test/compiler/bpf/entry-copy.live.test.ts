import assert from 'node:assert/strict'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import type {HookKind} from '../../../src/bpf/specs.ts'
import {requireLive} from '../../support/live.ts'
import {type RecordedCalls, recordCalls} from '../../support/record-calls.ts'

const KINDS: ReadonlySet<string> = new Set(['openat', 'connect'])

for (const hooks of ['tp_btf', 'raw_tp', 'tracepoint'] as const satisfies readonly HookKind[]) {
  describe(`copies at the beginning of calls, by ${hooks}`, function () {
    this.timeout(60_000)
    let folder: string
    let swapped: RecordedCalls
    let plain: RecordedCalls

    before(function () {
      requireLive(this as never, {feature: 'copies at entry'})
      folder = mkdtempSync(join(tmpdir(), 'detector-swap-'))
      swapped = record(this as never, true)
      plain = record(this as never, false)
    })
    after(() => {
      if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
    })

    function record(
      context: Parameters<typeof recordCalls>[0],
      entryCopies: boolean,
    ): RecordedCalls {
      const own = mkdtempSync(join(folder, 'run-'))
      return recordCalls(context, 'swap', own, KINDS, {hooks, entryCopies})
    }

    /** Names that `openat` was called with and when they were copied. */
    function names({records}: RecordedCalls): string[] {
      return records
        .filter(({kind}) => kind === 'openat')
        .map(({values, copied}) => `${values['name']} ${copied}`)
        .filter(text => /-name/.test(text) && !text.startsWith('/'))
    }

    it('keep the name that the kernel read, and say that another thread changed it', () => {
      assert.ok(names(swapped).includes('true-name changed'), names(swapped).join(', '))
    })

    it('say so when nothing changed', () => {
      assert.ok(names(swapped).includes('same-name entry'), names(swapped).join(', '))
    })

    it('give way to the end of the call where the memory could not be read at its beginning', () => {
      const [late] = names(swapped).filter(text => text.startsWith('late-name'))
      assert.equal(late, 'late-name exit')
    })

    it('keep the address of a connect', () => {
      const copies = swapped.records
        .filter(({kind}) => kind === 'connect')
        .map(({values, copied}) => [String(values['addr']), copied] as const)
      const changed = copies.find(([, copied]) => copied === 'changed')
      assert.ok(changed?.[0].includes('\x7f\0\0\x01'), JSON.stringify(copies))
    })

    it('are needed: without them the changed name is all there is', () => {
      assert.ok(names(plain).includes('fake-name exit'), names(plain).join(', '))
    })
  })
}
