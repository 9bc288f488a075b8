import assert from 'node:assert/strict'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import type {HookKind} from '../../src/bpf/specs.ts'
import {callEvent} from '../../src/compiler/bpf/hooks/call-events.ts'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import {readCallEvents} from '../../src/sensor/hooks/tracefs.ts'
import {requireLive} from '../support/live.ts'
import {type RecordedCalls, recordCalls} from '../support/record-calls.ts'

/** Values that differ from run to run of the same program: ids, addresses, times, the sizes of a process. */
const VOLATILE =
  /pid|tid|addr|\$|ino|time|^vm_|pgft|comm|cgroups|pgid|^res$|^fd$|newfd|env|args|exe/

function shownRecord(folder: string): (record: RecordedCalls['records'][number]) => string {
  const plain = (_: string, value: unknown): unknown =>
    typeof value === 'bigint' ? String(value) : value
  return ({kind, event, values}) => {
    const kept = Object.entries(values).filter(([name]) => !VOLATILE.test(name))
    return `${kind} ${event} ${JSON.stringify(kept, plain)}`.replaceAll(folder, '{folder}')
  }
}

/** The records of a run as comparable text: kind, event, and what does not depend on the run. */
function shownRun(
  context: Parameters<typeof recordCalls>[0],
  hooks: HookKind,
  program: string,
  kinds?: ReadonlySet<string>,
): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'detector-hooks-'))
  try {
    const {records} = recordCalls(context, program, folder, kinds, {hooks})
    // Before it becomes the program, the child does what its parent has it do: other descriptors in each run.
    return records.slice(records.findIndex(({kind}) => kind === 'exec')).map(shownRecord(folder))
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}

/** Kinds of calls that this kernel is built without: they have no trace event. */
function withoutEvent(): Set<string> {
  const events = readCallEvents()!
  return new Set(
    CAPTURES.flatMap(({kind, hook}) =>
      hook.at === 'sys_exit' && !events.has(callEvent('sys_exit', hook.nr) ?? '') ? [kind] : [],
    ),
  )
}

/** A sample of all kinds for the trace events, each of which takes a tenth of a second to let go of. */
function sampleOfKinds(): Set<string> {
  const without = withoutEvent()
  const always = ['openat', 'connect', 'exec_failed', 'clone', 'fork', 'mkdir', 'write']
  return new Set(
    CAPTURES.filter(
      ({kind, hook}, index) =>
        !without.has(kind) && (hook.at !== 'sys_exit' || always.includes(kind) || index % 9 === 0),
    ).map(({kind}) => kind),
  )
}

describe('the three kinds of hook', function () {
  this.timeout(120_000)

  for (const program of ['calls', 'calls32']) {
    it(`give the same records of ${program}.c`, function () {
      requireLive(this, {feature: 'every kind of hook'})
      const typed = shownRun(this, 'tp_btf', program)
      assert.ok(typed.length > 20)
      assert.deepEqual(shownRun(this, 'raw_tp', program), typed)
      const sample = sampleOfKinds()
      const sampled = typed.filter(line => sample.has(line.split(' ', 1)[0]!))
      assert.ok(sampled.length > 10)
      assert.deepEqual(shownRun(this, 'tracepoint', program, sample), sampled)
    })
  }
})
