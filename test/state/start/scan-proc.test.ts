import assert from 'node:assert/strict'
import {afterEach, describe, it} from 'mocha'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {type KnownThread, rescanProc} from '../../../src/state/start/rescan-proc.ts'
import {scanProc} from '../../../src/state/start/scan-proc.ts'
import {startScan} from '../../../src/state/start/start-scan.ts'
import {type FakeProc, fakeProc, processFiles, taskFiles} from '../../support/fake-proc.ts'
import {startLists, WIDE_LIMITS} from '../../support/start-lists.ts'

const NOTHING = {fds: false, env: false}

describe('scanning /proc', () => {
  let proc: FakeProc
  afterEach(() => proc.remove())

  const mk = (): FakeProc =>
    fakeProc({
      ...processFiles({pid: 1}),
      ...processFiles({pid: 20, threads: 3}),
      ...taskFiles({pid: 20, tid: 22, comm: 'b'}),
      ...taskFiles({pid: 20, tid: 21, comm: 'a'}),
      ...processFiles({pid: 3, flags: 0x200000}),
      ...taskFiles({pid: 9}),
      '20/fd/4': '-> pipe:[1]',
      '20/fd/0': '-> pipe:[2]',
      '20/fd/10': '-> pipe:[3]',
      'self/stat': '',
      uptime: '1 1',
    })

  it('finds processes and threads, without kernel threads and what has ended', () => {
    proc = mk()
    const lists = startLists()
    const counts = scanProc(proc.source(), lists, {fds: true, env: false}, WIDE_LIMITS)
    assert.deepEqual([...lists.threads.keys()], [1, 20, 21, 22])
    assert.deepEqual([...(lists.fds.get(20)?.keys() ?? [])], [0, 4, 10])
    assert.deepEqual(counts, {threads: 4, fds: 3, skippedThreads: 0, skippedFds: 0})
  })

  const limits = [
    {
      limits: {maxThreads: 1, maxFds: 9},
      want: {threads: 1, fds: 0, skippedThreads: 1, skippedFds: 0},
    },
    {
      limits: {maxThreads: 2, maxFds: 9},
      want: {threads: 2, fds: 3, skippedThreads: 2, skippedFds: 0},
    },
    {
      limits: {maxThreads: 9, maxFds: 2},
      want: {threads: 4, fds: 2, skippedThreads: 0, skippedFds: 1},
    },
  ]
  for (const {limits: bound, want} of limits) {
    it(`stops at ${bound.maxThreads} threads and ${bound.maxFds} descriptors, and counts the rest`, () => {
      proc = mk()
      assert.deepEqual(scanProc(proc.source(), startLists(), {fds: true, env: false}, bound), want)
    })
  }

  it('is what a start falls back to, with the reason', () => {
    proc = mk()
    proc.write({'1/ns/pid': '-> pid:[1]'})
    const report = startScan(
      proc.source(),
      () => assert.fail('the iterators list another namespace'),
      startLists(),
      NOTHING,
      WIDE_LIMITS,
    )
    assert.equal(report.source, 'proc')
    assert.match(report.reason ?? '', /namespace/)
    assert.equal(report.kernelIds, false)
    assert.equal(report.counts.threads, 4)
  })

  it('is what a start falls back to when the kernel refuses', () => {
    proc = mk()
    proc.write({'1/ns/pid': ''})
    const refuse = (): void => {
      throw new CodedError('SENSOR_NO_ROOT', 'loading iterator: EPERM')
    }
    const report = startScan(proc.source(), refuse, startLists(), NOTHING, WIDE_LIMITS)
    assert.deepEqual(
      [report.source, report.reason, report.counts.threads],
      ['proc', 'loading iterator: EPERM', 4],
    )
  })

  it('does not hide defects behind the fall-back', () => {
    proc = mk()
    proc.write({'1/ns/pid': ''})
    const fail = (): void => {
      throw new TypeError('x')
    }
    assert.throws(
      () => startScan(proc.source(), fail, startLists(), NOTHING, WIDE_LIMITS),
      TypeError,
    )
  })
})

describe('rescanning /proc', () => {
  let proc: FakeProc
  afterEach(() => proc.remove())

  const process = (pid: number, parts: Partial<KnownThread> = {}): KnownThread => ({
    tid: pid,
    pid,
    startedNs: 1_000_000_000,
    comm: 'name',
    exePath: '/bin/tool',
    ...parts,
  })
  const cases = [
    {name: 'the same', known: [process(7)], gone: [], found: []},
    {
      name: 'the same, started a tick apart',
      known: [process(7, {startedNs: 1_009_999_999})],
      gone: [],
      found: [],
    },
    {name: 'gone', known: [process(7), process(8)], gone: [8], found: []},
    {name: 'new', known: [], gone: [], found: [7]},
    {name: 'another with its number', known: [process(7, {startedNs: 5})], gone: [7], found: [7]},
    {name: 'another program', known: [process(7, {exePath: '/bin/sh'})], gone: [7], found: [7]},
    {name: 'another name', known: [process(7, {comm: 'sh'})], gone: [7], found: [7]},
    {
      name: 'the same with its file deleted',
      known: [process(7)],
      files: {'7/exe': '-> /bin/tool (deleted)'},
      gone: [],
      found: [],
    },
    {
      name: 'threads that came and went',
      known: [process(7), process(7, {tid: 8}), process(7, {tid: 9})],
      files: {
        ...taskFiles({pid: 7, threads: 3}),
        ...taskFiles({pid: 7, tid: 9}),
        ...taskFiles({pid: 7, tid: 10}),
        '7/task/7/x': '',
      },
      gone: [8],
      found: [10],
    },
  ]
  for (const {name, known, files, gone, found} of cases) {
    it(`tells a process that is ${name}`, () => {
      proc = fakeProc({...processFiles({pid: 7}), ...files})
      const lists = startLists()
      let told: readonly number[] | undefined
      const begin = (list: readonly number[]): void => {
        assert.equal(lists.threads.size, 0)
        told = [...list]
      }
      const result = rescanProc(proc.source(), known, {...lists, begin}, NOTHING, WIDE_LIMITS)
      assert.deepEqual(result.gone, gone)
      assert.deepEqual(told, gone)
      assert.deepEqual([...lists.threads.keys()], found)
    })
  }
})
