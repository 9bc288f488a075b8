import assert from 'node:assert/strict'
import {readlinkSync} from 'node:fs'
import {afterEach, describe, it} from 'mocha'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {FILE_RECORD, TASK_RECORD} from '../../../src/schema/captures/start-records.ts'
import {SLOT_FLAG} from '../../../src/schema/record-layout.ts'
import {type RunIterator, startScan} from '../../../src/state/start/start-scan.ts'
import type {ScanLimits} from '../../../src/state/start/start-sink.ts'
import {type FakeProc, fakeProc, processFiles} from '../../support/fake-proc.ts'
import {startLists, WIDE_LIMITS} from '../../support/start-lists.ts'
import {startRecord} from '../../support/start-record.ts'

/** Inode of the kernel's first pid namespace. */
const FIRST = 4026531836

interface Task {
  readonly tid: number
  readonly pid?: number
  readonly startNs?: number
  readonly exe?: string
}

/** Kernel lists of these threads, each process with one pipe. */
function lists(tasks: readonly Task[]): RunIterator {
  return (kind, onRecord) => {
    for (const {tid, pid = tid, startNs = 1_000_000_123, exe = 'tool\0bin\0'} of tasks) {
      const hasExe = exe === '' ? 0 : 1
      const numbers = {tid, pid, innerPid: pid, pidNamespace: FIRST, processStart: startNs}
      const texts = {
        comm: [`comm${tid}`, 0],
        exePath: [exe, hasExe === 0 ? SLOT_FLAG.fault : SLOT_FLAG.whole],
        cgroup: ['own\0', 0],
      } as const
      if (kind === 'task')
        onRecord(startRecord(TASK_RECORD, {...numbers, exeInode: hasExe, sharesFiles: 1}, texts))
      else if (tid === pid)
        onRecord(startRecord(FILE_RECORD, {tid, pid, fd: 3}, {link: ['pipe:[5]', 0]}))
    }
  }
}

describe('the start scan over the kernel’s lists', () => {
  let proc: FakeProc
  afterEach(() => proc.remove())

  const mk = (pids: readonly number[]): FakeProc =>
    fakeProc(Object.assign({}, ...pids.map(pid => processFiles({pid}))))
  const scan = (tasks: readonly Task[], limits: ScanLimits = WIDE_LIMITS) => {
    const found = startLists()
    const report = startScan(proc.source(), lists(tasks), found, {fds: true, env: true}, limits)
    assert.equal(report.source, 'iterators')
    return {...found, counts: report.counts}
  }

  it('completes a process from /proc', () => {
    proc = mk([7])
    const {threads, fds} = scan([{tid: 7}, {tid: 9, pid: 7}])
    for (const tid of [7, 9]) {
      const thread = threads.get(tid)!
      assert.deepEqual(
        [thread.comm, thread.exe, thread.args, thread.env, thread.startedNs],
        [`comm${tid}`, '/bin/tool', ['-x', '', 'last'], ['A=1', 'B='], 1_000_000_123],
      )
      assert.equal(thread.cgroups[0], 'cpuset=/system.slice/tool.service')
    }
    assert.deepEqual([...fds.keys()], [7])
  })

  it('has a process that /proc does not show, without its words', () => {
    proc = mk([])
    const thread = scan([{tid: 7}]).threads.get(7)!
    assert.deepEqual(
      [thread.exe, thread.exePath, thread.args, thread.env, thread.cgroups[0]],
      ['comm7', '/bin/tool', [], [], 'cpuset=/own'],
    )
  })

  it('does not take the words of another process with the same number', () => {
    proc = mk([7])
    assert.deepEqual(scan([{tid: 7, startNs: 5_000_000_000}]).threads.get(7)?.args, [])
  })

  it('reads the processes that only /proc shows', () => {
    proc = mk([7, 8])
    assert.deepEqual([...scan([{tid: 7}]).threads.keys()], [7, 8])
  })

  it('keeps a main thread that has ended before others, with what these tell', () => {
    proc = mk([])
    const {threads} = scan([
      {tid: 7, exe: ''},
      {tid: 9, pid: 7},
    ])
    assert.deepEqual([threads.get(7)?.exePath, threads.get(7)?.comm], ['/bin/tool', 'comm7'])
  })

  it('leaves out a process that has ended', () => {
    proc = mk([])
    assert.equal(scan([{tid: 7, exe: ''}]).threads.size, 0)
  })

  it('stops at its limits, and counts the rest', () => {
    proc = mk([])
    const {threads, counts} = scan([{tid: 7}, {tid: 8}, {tid: 9}], {maxThreads: 2, maxFds: 1})
    assert.deepEqual([...threads.keys()], [7, 8])
    assert.deepEqual(counts, {threads: 2, fds: 1, skippedThreads: 1, skippedFds: 1})
  })

  it('reads descriptors from /proc when the kernel does not list them', () => {
    proc = mk([7])
    proc.write({'7/fd/5': '-> pipe:[9]'})
    const run: RunIterator = (kind, onRecord) => {
      if (kind === 'file') throw new CodedError('SENSOR_SYSCALL', 'no files')
      lists([{tid: 7}])(kind, onRecord)
    }
    const found = startLists()
    const wants = {fds: true, env: false}
    const report = startScan(proc.source(), run, found, wants, WIDE_LIMITS)
    assert.deepEqual([report.source, report.reason], ['iterators', 'no files'])
    assert.equal(found.fds.get(7)?.get(5)?.name, 'pipe:[9]')
  })

  it('takes /proc for the numbers of the namespace it shows', () => {
    proc = mk([7])
    proc.write({'1/ns/pid': `-> ${readlinkSync('/proc/self/ns/pid')}`})
    assert.equal(scan([{tid: 7}]).threads.get(7)?.args.length, 3)
  })
})
