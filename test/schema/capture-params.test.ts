import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {CAPTURES, eventsOf} from '../../src/schema/capture-table.ts'
import {currentEvent} from '../../src/schema/event-table.ts'

/** Parameters that no record carries, by kind: the state knows them. */
const FROM_STATE: Readonly<Record<string, readonly string[]>> = {
  new_task: ['exe', 'args'],
  clone: ['exe', 'args'],
  fork: ['exe', 'args'],
  vfork: ['exe', 'args'],
  clone3: ['exe', 'args'],
  // The kernel has given the name back when the record is made.
  ring_openat: ['name'],
  ...Object.fromEntries(
    ['exec_failed', 'execveat_failed'].map(kind => [
      kind,
      ['cwd', 'cgroups', 'flags', 'exe_ino', 'exe_ino_ctime', 'exe_ino_mtime', 'trusted_exepath'],
    ]),
  ),
}

describe('records', () => {
  for (const capture of CAPTURES) {
    it(`of ${capture.kind} carry the parameters of their events`, () => {
      for (const name of eventsOf(capture)) {
        const missing = currentEvent(name)!
          .params.map(param => param.name)
          .filter(param => !Object.hasOwn(capture.values, param))
        assert.deepEqual(missing, FROM_STATE[capture.kind] ?? [], name)
      }
    })
  }
})
