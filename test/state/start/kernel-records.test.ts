import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {FILE_RECORD, SOCKET_ENDS, TASK_RECORD} from '../../../src/schema/captures/start-records.ts'
import {SLOT_FLAG} from '../../../src/schema/record-layout.ts'
import {FD, PROTOCOL} from '../../../src/state/fd.ts'
import {kernelFd, kernelThread} from '../../../src/state/start/kernel-records.ts'
import {startRecord} from '../../support/start-record.ts'

const {whole, cut, detached, fault} = SLOT_FLAG
const S_IFSOCK = 0o140777

describe('records of the task iterator', () => {
  const thread = (
    numbers: Partial<Record<keyof typeof TASK_RECORD.numbers, number | bigint>>,
    texts: Partial<Record<keyof typeof TASK_RECORD.slots, readonly [string, number]>> = {},
  ) => kernelThread(startRecord(TASK_RECORD, numbers, texts), 1000n)

  it('give ids, times, memory and texts in the form of lists', () => {
    const found = thread(
      {
        tid: 9,
        pid: 7,
        processStart: 50,
        namespaceStart: 5,
        innerTid: 3,
        innerPid: 2,
        innerGroup: 1,
        sharesFiles: 1,
        totalPages: 100,
        filePages: 10,
        anonymousPages: -3,
        sharedPages: 1,
        swapPages: -1,
        fdLimit: 2n ** 64n - 1n,
        ttyMajor: 136,
        ttyIndex: 3,
        capEffective: 2n ** 63n,
        execId: 4,
        exeInode: 12,
        exeCtimeSec: 2,
        exeCtimeNsec: 0x8000_0001n,
        exeMtimeSec: -1,
      },
      {
        comm: ['na\nme', 0],
        exePath: ['sh\0bin\0usr\0', whole],
        cwd: ['', whole],
        cgroup: ['a.service\0system.slice\0', 0],
      },
    )
    const {thread: listed} = found!
    assert.deepEqual(
      [listed.tid, listed.pid, listed.startedNs, listed.namespaceStartNs],
      [9, 7, 50, 1005n],
    )
    assert.deepEqual([listed.vtid, listed.vpid, listed.vpgid, listed.flags], [3, 2, 1, 8192 | 1])
    assert.deepEqual([listed.vmSizeKb, listed.vmRssKb, listed.vmSwapKb], [400, 32, 0])
    assert.deepEqual([listed.fdLimit, listed.tty, listed.execId], [2n ** 64n - 1n, 34819, 4])
    assert.deepEqual([listed.comm, listed.exePath, listed.cwd], ['na\nme', '/usr/bin/sh', '/'])
    assert.equal(listed.cgroups[0], 'cpuset=/system.slice/a.service')
    // The top bit of the nanoseconds is a mark of the kernel's own.
    assert.deepEqual([listed.exeCtimeNs, listed.exeMtimeNs], [2_000_000_001n, -1_000_000_000n])
    assert.equal(found?.hasMemory, true)
  })

  it('tell threads with descriptors of their own', () => {
    assert.equal(thread({tid: 9, pid: 7})?.thread.flags, 8192)
    assert.equal(thread({tid: 7, pid: 7})?.thread.flags, 0)
  })

  const paths = [
    {name: 'one that was cut', path: ['b\0a\0', cut], want: ['', false]},
    {name: 'one that could not be read', path: ['', fault], want: ['', false]},
    {name: 'a file in memory', path: ['memfd:x\0', detached], want: ['/memfd:x (deleted)', true]},
    {name: 'a file outside of the root', path: ['x\0', detached], want: ['', false]},
    {
      name: 'a file with that name in a folder',
      path: ['x\0memfd:\0', whole],
      want: ['/memfd:/x', false],
    },
  ] as const
  for (const {name, path, want} of paths) {
    it(`give the executable's path: ${name}`, () => {
      const listed = thread({tid: 1, pid: 1}, {exePath: path})?.thread
      assert.deepEqual([listed?.exePath, listed?.exeFromMemory], want)
    })
  }

  const OVERLAY = 0x794c7630
  const layers = [
    {name: 'no overlay', numbers: {exeUpperInode: 5}, want: [false, false]},
    {name: 'an upper layer', numbers: {exeMagic: OVERLAY, exeUpperInode: 5}, want: [true, false]},
    {name: 'a lower layer', numbers: {exeMagic: OVERLAY}, want: [false, true]},
  ]
  for (const {name, numbers, want} of layers) {
    it(`tell ${name}`, () => {
      const listed = thread({tid: 1, pid: 1, exeInode: 2, ...numbers})?.thread
      assert.deepEqual([listed?.exeUpperLayer, listed?.exeLowerLayer], want)
    })
  }

  const writable = [
    {name: 'a file of its own', numbers: {}, want: true},
    {name: 'a file of its own that nobody may change', numbers: {exeInodeFlags: 8}, want: false},
    {name: 'a file on a read-only file system', numbers: {exeMountFlags: 1}, want: false},
    {name: 'a file of another', numbers: {fsUid: 5, exeMode: 0o755}, want: false},
  ]
  for (const {name, numbers, want} of writable) {
    it(`say ${want} to writing ${name}`, () => {
      const listed = thread({tid: 1, pid: 1, exeInode: 2, ...numbers})?.thread
      assert.equal(listed?.exeWritable, want)
    })
  }

  it('are not read when they are cut', () => {
    assert.equal(kernelThread(Buffer.alloc(TASK_RECORD.fixedSize - 1), 0n), undefined)
    assert.equal(kernelFd(Buffer.alloc(FILE_RECORD.fixedSize - 1)), undefined)
  })

  it('are read without harm when their offsets lead nowhere', () => {
    const record = Buffer.alloc(TASK_RECORD.fixedSize, 0xff)
    assert.equal(kernelThread(record, 0n)?.thread.comm, '')
  })
})

describe('records of the task_file iterator', () => {
  const ends = (parts: Partial<Record<keyof typeof SOCKET_ENDS, string>>): string => {
    const bytes = Buffer.alloc(SOCKET_ENDS.size)
    for (const [name, text] of Object.entries(parts))
      bytes.write(text, SOCKET_ENDS[name as keyof typeof SOCKET_ENDS], 'latin1')
    return bytes.toString('latin1')
  }
  const socket = {mode: S_IFSOCK, inode: 55}
  const link = ['socket:[55]', 0] as const
  const port = {remotePort: '\x01\xbb', localPort: '\x90\x1f'}
  const one = '\x7f\0\0\x01'
  const cases = [
    {
      name: 'a file',
      numbers: {mode: 0o100644, inode: 5, device: (8 << 20) | 300, flags: 0o2001, closeOnExec: 1},
      texts: {link: ['/a b', 0] as const},
      want: {type: FD.fileWithFlags, name: '/a b', openFlags: 2 | 8 | 4096, device: 0x10082c},
    },
    {
      name: 'a pipe closed on exec',
      numbers: {mode: 0o010600, inode: 5, device: 15, closeOnExec: 1},
      texts: {link: ['pipe:[5]', 0] as const},
      want: {type: FD.pipe, name: 'pipe:[5]', openFlags: 4096, device: 0},
    },
    {
      name: 'a connection',
      numbers: {...socket, family: 2, socketType: 1, protocol: 6},
      texts: {link, ends: [ends({...port, local4: one, remote4: '\x0a\0\0\x02'}), 0] as const},
      want: {
        type: FD.ipv4,
        protocol: PROTOCOL.tcp,
        ends: {
          sourceAddress: one,
          sourcePort: 8080,
          targetAddress: '\x0a\0\0\x02',
          targetPort: 443,
        },
      },
    },
    {
      name: 'a listener',
      numbers: {...socket, family: 2, socketType: 1, protocol: 6},
      texts: {link, ends: [ends({localPort: '\x16\0', local4: one}), 0] as const},
      want: {type: FD.ipv4Server, protocol: PROTOCOL.tcp, listens: {address: one, port: 22}},
    },
    {
      name: 'a socket that is neither bound nor connected',
      numbers: {...socket, family: 10, socketType: 2, protocol: 17},
      texts: {link, ends: [ends({}), 0] as const},
      want: {type: FD.ipv6, protocol: PROTOCOL.udp},
    },
    {
      name: 'a raw socket',
      numbers: {...socket, family: 2, socketType: 3, protocol: 6},
      texts: {link},
      want: {type: FD.ipv4, protocol: PROTOCOL.raw},
    },
    {
      name: 'a unix socket',
      numbers: {...socket, family: 1, socket: 0xffff888000000001n, peer: 2n},
      texts: {link, unixAddress: ['\x01\0/run/x\0', 0] as const},
      want: {type: FD.unix, name: '/run/x', unix: {source: 0xffff888000000001n, target: 2n}},
    },
    {
      name: 'a unix socket with an abstract name',
      numbers: {...socket, family: 1},
      texts: {link, unixAddress: ['\x01\0\0a\0b', 0] as const},
      want: {type: FD.unix, name: '@a@b', unix: {source: 0n, target: 0n}},
    },
    {
      name: 'a netlink socket',
      numbers: {...socket, family: 16},
      texts: {link},
      want: {type: FD.netlink},
    },
    {name: 'a packet socket', numbers: {...socket, family: 17}, texts: {link}, want: undefined},
  ]
  for (const {name, numbers, texts, want} of cases) {
    it(`give ${name}`, () => {
      const found = kernelFd(startRecord(FILE_RECORD, {tid: 9, pid: 7, fd: 3, ...numbers}, texts))
      const inode = numbers.inode
      assert.deepEqual(
        found,
        want && {
          tid: 9,
          pid: 7,
          fd: {fd: 3, inode, openFlags: 0, device: 0, protocol: 0, name: '', ...want},
        },
      )
    })
  }
})
