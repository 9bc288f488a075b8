import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {
  deviceNumber,
  mapsId,
  parseCgroups,
  parseFdInfo,
  parseFdLimit,
  parseMounts,
  parseStat,
  parseStatus,
} from '../../../src/state/start/proc-text.ts'
import {taskFiles} from '../../support/fake-proc.ts'

describe('the texts of /proc', () => {
  const stats = [
    {name: 'a plain name', comm: 'bash', want: 'bash'},
    {name: 'a name with a closing parenthesis and blanks', comm: 'a) S 1 (b', want: 'a) S 1 (b'},
    {name: 'an empty name', comm: '', want: ''},
    {name: 'a name that is no UTF-8', comm: '\xff\x80', want: '\xff\x80'},
  ]
  for (const {name, comm, want} of stats) {
    it(`reads a stat file with ${name}`, () => {
      const stat = parseStat(taskFiles({pid: 7, comm, startTicks: 250})['7/stat']!)
      assert.deepEqual(stat, {
        escapedComm: want,
        parentPid: 1,
        group: 20,
        session: 30,
        tty: 34816,
        flags: 0x400000,
        minorFaults: 11,
        majorFaults: 7,
        startTicks: 250,
      })
    })
  }

  for (const text of ['', '7', '7 (x', '7 (x) S 1', ')(']) {
    it(`reads no stat from ${JSON.stringify(text)}`, () => {
      assert.equal(parseStat(text), undefined)
    })
  }

  it('reads a status file', () => {
    const text = taskFiles({pid: 7, tid: 9, threads: 3, inner: [4, 2]})['7/task/9/status']!
    assert.deepEqual(parseStatus(text), {
      pid: 7,
      parentPid: 1,
      uid: 1000,
      gid: 1001,
      groups: [27, 100],
      pids: [7, 4, 2],
      tids: [9, 4, 2],
      pgids: [20, 4, 2],
      vmSizeKb: 2048,
      vmRssKb: 1024,
      vmSwapKb: 4,
      threads: 3,
      capInheritable: 1n,
      capPermitted: 0x1ffffffffffn,
      capEffective: 0n,
    })
  })

  it('reads an empty status file as one that tells nothing', () => {
    const {uid, gid, threads, pids, capEffective} = parseStatus('')
    assert.deepEqual([uid, gid, threads, pids, capEffective], [0xffff_ffff, 0xffff_ffff, 1, [], 0n])
  })

  it('finds lines of a status file in any order', () => {
    const {pid, uid} = parseStatus('Name:\tx\nUid:\t0\t5\t0\t0\nTgid:\t3\n')
    assert.deepEqual([pid, uid], [3, 5])
  })

  const cgroups = [
    {
      name: 'the default hierarchy alone, once for each controller of captures',
      input: '0::/a:b\n',
      want: ['cpuset=/a:b', 'cpu=/a:b', 'cpuacct=/a:b', 'io=/a:b', 'memory=/a:b'],
    },
    {
      name: 'older hierarchies, controller by controller',
      input: '3:cpu,cpuacct:/x\n2:name=systemd:/y\n0::/z\n',
      want: ['cpu=/x', 'cpuacct=/x', 'name=systemd=/y'],
    },
    {name: 'nothing', input: '', want: []},
    {name: 'lines that are none', input: 'x\n1:2\n', want: []},
  ]
  for (const {name, input, want} of cgroups) {
    it(`reads cgroups: ${name}`, () => {
      assert.deepEqual(parseCgroups(input), want)
    })
  }

  const limits = [
    {input: 'Max open files            1024                 4096   files', want: 1024},
    {input: 'x\nMax open files            unlimited   unlimited   files', want: 2n ** 64n - 1n},
    {input: 'Max processes 5 6', want: -1},
  ]
  for (const {input, want} of limits) {
    it(`reads a limit of ${want}`, () => {
      assert.equal(parseFdLimit(input), want)
    })
  }

  it('reads the flags, mount and inode of a descriptor', () => {
    assert.deepEqual(parseFdInfo('pos:\t0\nflags:\t02100002\nmnt_id:\t29\nino:\t77\n'), {
      flags: 0o2100002,
      mount: 29,
      inode: 77,
    })
    assert.deepEqual(parseFdInfo(''), {flags: 0, mount: 0, inode: 0})
  })

  it('reads mounts with escaped paths and later optional fields', () => {
    const mounts = parseMounts(
      '21 1 8:1 / / rw shared:1 master:2 - ext4 /dev/sda1 ro,discard\n' +
        '22 21 0:300 / /a\\040b\\134 rw - fuse.x y rw\n' +
        'broken\n23 1 x:y / / rw - z z z\n',
    )
    assert.deepEqual(
      [...mounts],
      [
        [21, {device: 0x801, path: '/', type: 'ext4', readOnly: true}],
        [
          22,
          {device: (300 & 0xff) | (0x100 << 12), path: '/a b\\', type: 'fuse.x', readOnly: false},
        ],
      ],
    )
  })

  it('numbers devices as stat does', () => {
    assert.equal(deviceNumber(136, 3), 34819)
    assert.equal(deviceNumber(0xfff, 0xfffff), 0xffffffff)
  })

  it('looks ids up in the maps of user namespaces', () => {
    const map = '         0     100000      65536\n     65536          5          1\n'
    const known = [99999, 100000, 165535, 165536, 5].map(id => mapsId(map, id))
    assert.deepEqual(known, [false, true, true, false, true])
  })
})
