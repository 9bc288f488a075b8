import assert from 'node:assert/strict'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import type {Event} from '../../../../src/schema/event.ts'
import {openCaptureWriter} from '../../../../src/sensor/scap/write/open-capture-writer.ts'
import {
  CURRENT_DEFS,
  LISTED_FDS,
  LISTED_THREAD,
  madeEvent,
  type Values,
} from '../../../support/capture-events.ts'
import {requireSysdig, sysdigLines} from '../../../support/sysdig.ts'

/** Remarks of the capturing tool, which it never lists. */
const REMARKS = ['drop', 'scapevent', 'procinfo', 'infra']
const TUPLE = '\x02\n\0\0\x01\x67\x12\n\0\0\x02\x50\0'

/** An event, and its lines from the direction on. */
const EVENTS: readonly {name: string; values: Values; want: readonly string[]}[] = [
  {
    name: 'openat',
    values: {fd: 40, dirfd: -100, name: 'x', flags: 0x1001, mode: 0, dev: 5, ino: 6},
    want: [
      '< openat fd=40(<f>/work/x) dirfd=-100(AT_FDCWD) name=x(/work/x) flags=4097(O_RDONLY|O_CLOEXEC) mode=0 dev=5',
    ],
  },
  {
    name: 'read',
    values: {res: 2, data: 'ab', fd: 40, size: 4096},
    want: ['> read fd=40(<f>/work/x) size=4096', '< read res=2 data=ab'],
  },
  {
    name: 'write',
    values: {res: -9, fd: 41, size: 1},
    want: ['> write fd=41 size=1', '< write res=-9(EBADF) data='],
  },
  {
    name: 'dup',
    values: {res: 42, oldfd: 40},
    want: ['> dup fd=40(<f>/work/x)', '< dup res=42(<f>/work/x)'],
  },
  {name: 'close', values: {res: 0, fd: 42}, want: ['> close fd=42(<f>/work/x)', '< close res=0']},
  {
    name: 'socket',
    values: {fd: 43, domain: 2, type: 1, proto: 0},
    want: ['> socket domain=2(AF_INET) type=1 proto=0', '< socket fd=43(<4>)'],
  },
  {
    name: 'connect',
    values: {res: 0, tuple: TUPLE, fd: 43, addr: '\x02\n\0\0\x02\x50\0'},
    want: [
      '> connect fd=43(<4>) addr=10.0.0.2:80',
      '< connect res=0 tuple=10.0.0.1:4711->10.0.0.2:80',
    ],
  },
  {
    name: 'accept4',
    values: {fd: 44, tuple: TUPLE, queuepct: 0, queuelen: 0, queuemax: 5, flags: 0},
    want: [
      '> accept flags=0',
      '< accept fd=44(<4t>10.0.0.1:4711->10.0.0.2:80) tuple=10.0.0.1:4711->10.0.0.2:80 queuepct=0 queuelen=0 queuemax=5',
    ],
  },
  {
    name: 'execve',
    values: {
      ...{res: 0, exe: 'id', args: '-u\0', tid: 7, pid: 7, ptid: 1, cwd: '', fdlimit: 1024},
      ...{pgft_maj: 0, pgft_min: 0, vm_size: 1, vm_rss: 2, vm_swap: 0, comm: 'id'},
      ...{cgroups: 'cpu=/\0', env: 'A=b\0', tty: 0, vpgid: 7, loginuid: 0xffff_ffff, flags: 1},
      ...{cap_inheritable: 0, filename: '/usr/bin/id', trusted_exepath: '/usr/bin/id'},
    },
    want: [
      '> execve filename=/usr/bin/id',
      '< execve res=0 exe=id args=-u. tid=7(id) pid=7(id) ptid=1 cwd= fdlimit=1024 pgft_maj=0 pgft_min=0 vm_size=1 vm_rss=2 vm_swap=0 comm=id cgroups=cpu=/. env=A=b. tty=0 pgid=7(id) loginuid=-1 flags=1(EXE_WRITABLE)',
    ],
  },
  // Newer than sysdig 0.29.3.
  {name: 'memfd_create', values: {fd: 45, name: 'm', flags: 0}, want: []},
  {
    name: 'unlink',
    values: {res: 0, path: '/a b'},
    want: ['< unlink res=0 path=/a b'],
  },
]

describe('sysdig reads what is written', () => {
  let dir: string
  before(function () {
    requireSysdig(this)
    dir = mkdtempSync(join(tmpdir(), 'detector-sysdig-'))
  })
  after(() => {
    if (dir !== undefined) rmSync(dir, {recursive: true})
  })

  function linesOf(form: string, events: readonly Event[]): readonly string[] {
    const path = join(dir, `capture.${form}`)
    const writer = openCaptureWriter(path)
    writer.machine({cpus: 2, hostname: 'box', bootNs: 1n})
    writer.networkInterface({address: '\n\0\0\x01', netmask: '\xff\0\0\0'})
    writer.user({uid: 0, name: 'root', home: '/root', shell: '/bin/sh'})
    writer.thread(LISTED_THREAD)
    for (const fd of LISTED_FDS) writer.fd(7, fd)
    for (const event of events) writer.event(event)
    writer.close()
    return sysdigLines(path)
  }

  for (const form of ['scap', 'scap.gz']) {
    it(`from .${form}, with the arguments that it knows`, () => {
      const lines = linesOf(
        form,
        EVENTS.map(({name, values}, i) => madeEvent(name, values, {time: BigInt(i + 1)})),
      )
      const want = EVENTS.flatMap(({want: texts}, i) => texts.map(text => `${i + 1} 7 ${text}`))
      assert.deepEqual(
        lines.map(line => line.replace(/^\d+ /, '')),
        want,
      )
    })
  }

  it('whatever event of today’s tables stands in the file', () => {
    // What it reads of a container must be JSON.
    const defs = CURRENT_DEFS.filter(({name}) => name !== 'container')
    const times = defs.map((_, i) => BigInt(i + 1) * 1000n)
    const events = defs.map((def, i) => madeEvent(def, {fd: 3, res: 0, ID: 3}, {time: times[i]!}))
    const seen = new Set(linesOf('scap', events).map(line => line.split(' ')[1]))
    const missing = defs.filter((_, i) => !seen.has(String(times[i])))
    assert.deepEqual(
      missing.filter(({code}) => code < 336).map(({name}) => name),
      REMARKS,
    )
  })
})
