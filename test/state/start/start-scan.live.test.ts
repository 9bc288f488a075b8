import assert from 'node:assert/strict'
import {type ChildProcess, execFileSync, spawn} from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {packageRoot} from '../../../src/paths.ts'
import {readBootClock} from '../../../src/sensor/boot-clock.ts'
import {readKernelBtf} from '../../../src/sensor/kernel-btf.ts'
import {FD, PROTOCOL} from '../../../src/state/fd.ts'
import type {ListedFd} from '../../../src/state/metadata.ts'
import {procSource} from '../../../src/state/start/proc-source.ts'
import {readFd} from '../../../src/state/start/read-fds.ts'
import {readThread} from '../../../src/state/start/read-thread.ts'
import {rescanProc} from '../../../src/state/start/rescan-proc.ts'
import {scanProc} from '../../../src/state/start/scan-proc.ts'
import {startScan} from '../../../src/state/start/start-scan.ts'
import type {StartThread} from '../../../src/state/start/start-sink.ts'
import {compileC} from '../../support/compile-c.ts'
import {kernelLists} from '../../support/iterators.ts'
import {requireLive} from '../../support/live.ts'
import {type StartLists, startLists, WIDE_LIMITS} from '../../support/start-lists.ts'

const EVERYTHING = {fds: true, env: true}
const CARRIED_CLOEXEC = 4096
/** What /proc tells less exactly, or not at all. */
const INEXACT = [
  'startedNs',
  'namespaceStartNs',
  'execId',
  'madeNs',
  'vmRssKb',
  'majorFaults',
  'minorFaults',
] as const

interface Running {
  readonly child: ChildProcess
  readonly pid: number
  /** Descriptors by the names that the program gave them. */
  readonly named: ReadonlyMap<string, number>
}

/** Starts a program and waits until it says `ready`. */
async function start(
  file: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Running> {
  const child = spawn(file, words, {stdio: ['pipe', 'pipe', 'inherit'], env})
  const named = new Map<string, number>()
  let text = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`${file} ended with ${code}`)))
    child.stdout!.setEncoding('latin1').on('data', (part: string) => {
      text += part
      if (/^ready /m.test(text)) resolve()
    })
  })
  for (const line of text.trim().split('\n')) {
    const [name = '', fd] = line.split(' ')
    named.set(name, Number(fd))
  }
  return {child, pid: child.pid!, named}
}

async function end({child}: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.stdin!.end()
  await ended
}

/** The process numbers of a process's children. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  return text.trim().split(' ').filter(Boolean).map(Number)
}

describe('the start state of real processes', () => {
  let folder: string
  let program: string
  let running: Running
  let kernel: StartLists
  let proc: StartLists
  const {bootNs} = readBootClock()

  before(async function () {
    requireLive(this, {feature: 'the start scan'})
    folder = mkdtempSync(join(tmpdir(), 'start-scan-'))
    chmodSync(folder, 0o755)
    program = compileC(this, 'start-state', folder)
    running = await start(program, [folder, '', 'x y'], {ONE: '1', EMPTY: ''})
    kernel = startLists()
    proc = startLists()
    const report = startScan(
      procSource('/proc', bootNs),
      kernelLists(readKernelBtf()),
      kernel,
      EVERYTHING,
      WIDE_LIMITS,
    )
    assert.deepEqual([report.source, report.reason], ['iterators', undefined])
    scanProc(procSource('/proc', bootNs), proc, EVERYTHING, WIDE_LIMITS)
  })
  after(async () => {
    if (running !== undefined) await end(running)
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  const both = (check: (lists: StartLists) => void): void => {
    check(kernel)
    check(proc)
  }
  const named = (lists: StartLists, name: string): ListedFd | undefined =>
    lists.fds.get(running.pid)?.get(running.named.get(name)!)

  it('is the same in the kernel’s lists and in /proc', () => {
    const ours = [...kernel.threads.values()].filter(({pid}) => pid === running.pid)
    assert.equal(ours.length, 3)
    for (const thread of ours) {
      const other = proc.threads.get(thread.tid)!
      const plain = (from: StartThread): Partial<StartThread> => {
        const copy: Partial<Record<string, unknown>> = {...from}
        for (const name of INEXACT) delete copy[name]
        // Only the kernel's lists tell that a thread has descriptors of its own.
        delete copy['flags']
        return copy
      }
      assert.deepEqual(plain(thread), plain(other))
      const apart = (thread.startedNs ?? 0) - (other.startedNs ?? 0)
      assert.ok(apart >= 0 && apart < 10_000_000, `${apart} ns apart`)
    }
  })

  it('has the same descriptors in both', () => {
    const plain = (table: ReadonlyMap<number, ListedFd> | undefined): unknown[] =>
      [...(table?.values() ?? [])].map(({unix, ...fd}) =>
        unix === undefined ? fd : {...fd, unix: true},
      )
    const own = plain(kernel.fds.get(running.pid))
    assert.ok(own.length >= running.named.size - 1)
    assert.deepEqual(own, plain(proc.fds.get(running.pid)))
  })

  it('has the program, its words, environment and place', () => {
    both(({threads}) => {
      const thread = threads.get(running.pid)!
      assert.deepEqual(
        [thread.exe, thread.args, thread.exePath, thread.cwd, thread.comm],
        [program, [folder, '', 'x y'], program, folder, 'start-state'],
      )
      assert.deepEqual([...thread.env].sort(), ['EMPTY=', 'ONE=1'])
      assert.deepEqual([thread.parentTid, thread.uid, thread.vpid], [process.pid, 0, running.pid])
      assert.equal(thread.exeWritable, true)
    })
  })

  it('has threads with their own names, whatever is in them', () => {
    both(({threads}) => {
      const names = [...threads.values()]
        .filter(({pid}) => pid === running.pid)
        .map(({comm}) => comm)
      assert.deepEqual(names.sort(), ['apart', 'odd) na\nme(\\', 'start-state'])
    })
  })

  it('has the descriptors of a thread that shares none', () => {
    const apart = [...kernel.threads.values()].find(
      ({pid, comm}) => pid === running.pid && comm === 'apart',
    )!
    assert.equal(apart.flags, 8192)
    assert.equal(kernel.fds.get(apart.tid)?.get(running.named.get('apart')!)?.type, FD.event)
    assert.equal(kernel.fds.get(running.pid)?.has(running.named.get('apart')!), false)
  })

  const kinds = [
    {name: 'file', type: FD.fileWithFlags, path: '/file', flags: 3 | 8},
    {name: 'cloexec', type: FD.fileWithFlags, path: '/file', flags: 1 | CARRIED_CLOEXEC},
    {name: 'gone', type: FD.fileWithFlags, path: '/gone (deleted)', flags: 2},
    {name: 'directory', type: FD.directory, path: ''},
    {name: 'fifo', type: FD.pipe, path: '/fifo'},
    {name: 'pipe', type: FD.pipe, flags: CARRIED_CLOEXEC},
    {name: 'event', type: FD.event, flags: CARRIED_CLOEXEC},
    {name: 'epoll', type: FD.eventpoll, flags: 0},
    {name: 'inotify', type: FD.inotify},
    {name: 'timer', type: FD.timerfd},
    {name: 'signal', type: FD.signalfd},
    {name: 'pidfd', type: FD.pidfd},
    {name: 'netlink', type: FD.netlink},
    {name: 'unix', type: FD.unix, path: '/socket'},
    {name: 'listener', type: FD.ipv4Server, protocol: PROTOCOL.tcp},
    {name: 'client', type: FD.ipv4, protocol: PROTOCOL.tcp},
    {name: 'accepted', type: FD.ipv4, protocol: PROTOCOL.tcp},
    {name: 'bound', type: FD.ipv4Server, protocol: PROTOCOL.udp},
  ]
  for (const {name, type, path, flags, protocol} of kinds) {
    it(`knows a descriptor: ${name}`, () => {
      both(lists => {
        const fd = named(lists, name)
        assert.equal(fd?.type, type)
        if (path !== undefined) assert.equal(fd?.name, `${folder}${path}`)
        if (flags !== undefined) assert.equal(fd?.openFlags, flags)
        if (protocol !== undefined) assert.equal(fd?.protocol, protocol)
      })
      assert.deepEqual(
        readFd(procSource('/proc', bootNs), running.pid, running.named.get(name)!),
        named(proc, name),
      )
    })
  }

  it('knows memory files and abstract names', () => {
    both(lists => {
      assert.deepEqual(
        [named(lists, 'memory')?.type, named(lists, 'memory')?.name],
        [FD.memfd, '/memfd:name (deleted)'],
      )
      assert.equal(named(lists, 'abstract')?.name, `@start-${running.pid}`)
    })
  })

  it('has the ends of connections, each from its own side', () => {
    both(lists => {
      const {port} = named(lists, 'listener')!.listens!
      const [client, accepted] = [named(lists, 'client')!.ends!, named(lists, 'accepted')!.ends!]
      assert.deepEqual([client.targetPort, accepted.sourcePort], [port, port])
      assert.equal(client.sourcePort, accepted.targetPort)
      assert.equal(client.targetAddress, '\x7f\0\0\x01')
    })
  })

  it('is read again only where something changed', async () => {
    const known = [...proc.threads.values()]
      .filter(({pid}) => pid === running.pid)
      .map(thread => ({...thread, startedNs: thread.startedNs ?? 0}))
    const other = await start(program, [folder])
    try {
      const found = startLists()
      const result = rescanProc(procSource('/proc', bootNs), known, found, EVERYTHING, WIDE_LIMITS)
      assert.deepEqual(result.gone, [])
      assert.equal(found.threads.has(running.pid), false)
      assert.equal(found.threads.get(other.pid)?.comm, 'start-state')
      const gone = [{...known[0]!, pid: other.pid, tid: other.pid, startedNs: 1}]
      assert.deepEqual(
        rescanProc(procSource('/proc', bootNs), gone, startLists(), EVERYTHING, WIDE_LIMITS).gone,
        [other.pid],
      )
    } finally {
      await end(other)
    }
  })

  it('knows a program whose file was deleted', async () => {
    const copy = join(folder, 'copy')
    copyFileSync(program, copy)
    const other = await start(copy, [folder])
    rmSync(copy)
    try {
      const lists = startLists()
      startScan(
        procSource('/proc', bootNs),
        kernelLists(readKernelBtf()),
        lists,
        EVERYTHING,
        WIDE_LIMITS,
      )
      const thread = lists.threads.get(other.pid)!
      const read = readThread(procSource('/proc', bootNs), other.pid, EVERYTHING)!.thread
      assert.equal(thread.exePath, `${copy} (deleted)`)
      assert.deepEqual([read.exePath, read.exeInode], [thread.exePath, thread.exeInode])
      assert.deepEqual([read.exeCtimeNs, read.exeMtimeNs], [thread.exeCtimeNs, thread.exeMtimeNs])
      assert.notEqual(thread.exeInode, 0)
    } finally {
      await end(other)
    }
  })

  it('knows the numbers and the start of a pid namespace', async function () {
    if (!existsSync('/usr/bin/unshare')) return this.skip()
    const other = await start('/usr/bin/unshare', ['-p', '-f', program, folder])
    try {
      const [inner] = childrenOf(other.pid)
      const lists = startLists()
      startScan(
        procSource('/proc', bootNs),
        kernelLists(readKernelBtf()),
        lists,
        EVERYTHING,
        WIDE_LIMITS,
      )
      const thread = lists.threads.get(inner!)!
      assert.deepEqual([thread.vtid, thread.vpid, thread.parentTid], [1, 1, other.pid])
      assert.equal(thread.namespaceStartNs, bootNs + BigInt(thread.startedNs ?? 0))
      const read = readThread(procSource('/proc', bootNs), inner!, EVERYTHING)!.thread
      assert.deepEqual([read.vtid, read.vpid], [1, 1])
      const apart = thread.namespaceStartNs - read.namespaceStartNs
      assert.ok(apart >= 0n && apart < 10_000_000n, `${apart} ns apart`)
    } finally {
      await end(other)
    }
  })

  it('sees below the root directory of a chrooted process', async () => {
    const root = join(folder, 'root')
    mkdirSync(join(root, 'inside'), {recursive: true})
    execFileSync('gcc', [
      '-O1',
      '-static',
      '-o',
      join(root, 'tool'),
      join(packageRoot, 'test', 'testdata', 'live', 'start-state.c'),
    ])
    const other = await start('/usr/sbin/chroot', [root, '/tool', '/inside'])
    try {
      const lists = startLists()
      startScan(
        procSource('/proc', bootNs),
        kernelLists(readKernelBtf()),
        lists,
        EVERYTHING,
        WIDE_LIMITS,
      )
      const thread = lists.threads.get(other.pid)!
      assert.deepEqual(
        [thread.exe, thread.exePath, thread.cwd],
        ['/tool', `${root}/tool`, `${root}/inside`],
      )
    } finally {
      await end(other)
    }
  })
})
