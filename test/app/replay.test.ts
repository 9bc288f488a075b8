import assert from 'node:assert/strict'
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {runConditions} from '../../scripts/conformance/conditions.ts'
import {runFields} from '../../scripts/conformance/fields.ts'
import {runReplay} from '../../scripts/conformance/replay.ts'
import {replayCapture} from '../../src/app/replay.ts'
import {compileRuleSet, engineRules} from '../../src/app/rules/rule-set.ts'
import {packageRoot} from '../../src/paths.ts'
import {
  eventBlock,
  machineBlock,
  openBlock,
  processBlock,
  sectionBlock,
} from '../support/scap-file.ts'

const conformance = join(packageRoot, '..', 'shared', 'conformance')
const O_CLOEXEC = 4096

describe('replay', () => {
  let dir: string
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'detector-replay-'))
  })
  after(() => rmSync(dir, {recursive: true}))

  /** The messages of one rule over a host with a shell (20) below init (1). */
  async function messages(
    condition: string,
    output: string,
    blocks: readonly Buffer[],
    limitNs?: bigint,
  ): Promise<string[]> {
    const path = join(dir, 'made-up.scap')
    const start = [
      sectionBlock(),
      machineBlock(),
      processBlock({tid: 1, parentTid: 0, comm: 'init'}, {tid: 20, comm: 'sh'}),
    ]
    writeFileSync(path, Buffer.concat([...start, ...blocks]))
    const rule = {rule: 'r', desc: 'd', condition, output, priority: 'INFO', warn_evttypes: false}
    const set = compileRuleSet([{name: 'r.yaml', content: JSON.stringify([rule])}], {
      appendOutput: [],
      selection: [],
      startOff: false,
      minPriority: 'Debug',
      skipInvalidRules: false,
    })
    assert.ok(set.usable, JSON.stringify(set.loaded.results))
    const found: string[] = []
    await replayCapture({
      path,
      rules: engineRules(set),
      matching: 'first',
      hostname: 'host',
      limitNs,
      onAlert: alert => found.push(alert.message),
    })
    return found
  }

  const clone = (tid: number, res: number, pid: number, ptid: number, flags = 0): Buffer =>
    eventBlock(223, tid, [
      [8, res],
      'sh',
      Buffer.alloc(0),
      [8, tid],
      [8, pid],
      [8, ptid],
      '',
      [8, 1024],
      [8, 0],
      [8, 0],
      [4, 1],
      [4, 1],
      [4, 1],
      'sh',
      Buffer.from('cpu=/\0'),
      [4, flags],
      [4, 1000],
      [4, 1000],
      [8, tid],
      [8, pid],
      undefined,
    ])
  const exec = (tid: number, res: number, comm: string): Buffer =>
    eventBlock(293, tid, [
      [8, res],
      comm,
      Buffer.from('-x\0'),
      [8, tid],
      [8, tid],
      [8, 20],
      '',
      [8, 1024],
      [8, 0],
      [8, 0],
      [4, 1],
      [4, 1],
      [4, 1],
      comm,
      Buffer.from('cpu=/\0'),
      Buffer.from('A=1\0'),
      [4, 34816],
      [8, tid],
      [4, 1000],
      [4, 1],
      [8, 0],
      [8, 0],
      [8, 3],
      [8, 9],
      [8, 5000],
      [8, 6000],
      [4, 0],
      `/usr/bin/${comm}`,
      [8, tid],
      [4, 0],
      comm,
    ])
  const dup2 = (tid: number, from: number, to: number): Buffer =>
    eventBlock(363, tid, [
      [8, to],
      [8, from],
      [8, to],
    ])
  const close = (tid: number, fd: number): Buffer =>
    eventBlock(5, tid, [
      [8, 0],
      [8, fd],
    ])
  const write = (tid: number, fd: number): Buffer =>
    eventBlock(9, tid, [[8, 1], Buffer.from('x'), [8, fd], [4, 1]])
  const exit = (tid: number): Buffer =>
    eventBlock(186, tid, [
      [8, 0],
      [8, 0],
      [1, 0],
      [1, 0],
      [8, 1],
    ])
  const v4 = (...ports: readonly [number, number]): Buffer =>
    Buffer.concat([
      Buffer.from([2, 10, 0, 0, 1]),
      Buffer.from(Uint16Array.of(ports[0]).buffer),
      Buffer.from([10, 0, 0, 2]),
      Buffer.from(Uint16Array.of(ports[1]).buffer),
    ])

  const cases: readonly {
    name: string
    condition: string
    output: string
    blocks: readonly Buffer[]
    want: readonly string[]
  }[] = [
    {
      name: 'knows processes of the list and paths below their directory',
      condition: 'evt.type = open',
      output: '%proc.name %proc.pname %fd.name %fd.num %evt.res',
      blocks: [openBlock(20, 3, 'a/../b'), openBlock(20, -2, '/none')],
      want: ['sh init /work/b 3 SUCCESS', 'sh init /none -1 ENOENT'],
    },
    {
      name: 'follows a fork and an exec',
      condition: 'evt.type = execve',
      output:
        '%proc.name %proc.cmdline %proc.exepath %proc.pname %proc.aname[2] %user.uid %proc.env[A]',
      blocks: [clone(20, 30, 20, 1), clone(30, 0, 30, 20), exec(30, 0, 'ls'), exec(30, -2, 'none')],
      want: ['ls ls -x /usr/bin/ls sh init 0 1', 'ls ls -x /usr/bin/ls sh init 0 1'],
    },
    {
      name: 'gives the child what the parent had open, without what closes on exec',
      condition: 'evt.type = write',
      output: '%fd.name',
      blocks: [
        openBlock(20, 3, '/keep'),
        openBlock(20, 4, '/close', 1 | O_CLOEXEC),
        clone(20, 30, 20, 1),
        write(30, 4),
        exec(30, 0, 'ls'),
        write(30, 3),
        write(30, 4),
      ],
      want: ['/close', '/keep', ''],
    },
    {
      name: 'copies and closes descriptors, after the rules saw it',
      condition: 'evt.type in (close, write)',
      output: '%evt.type %fd.name',
      blocks: [openBlock(20, 3, '/a'), dup2(20, 3, 1), close(20, 3), write(20, 1), write(20, 3)],
      want: ['close /a', 'write /a', 'write '],
    },
    {
      name: 'knows both ends of a connection',
      condition: 'evt.type = connect and fd.sport = 80 and fd.sip = 10.0.0.2',
      output: '%fd.name %fd.l4proto %fd.cport %fd.connected',
      blocks: [
        eventBlock(19, 20, [
          [8, 5],
          [4, 2],
          [4, 1],
          [4, 0],
          [4, 0],
        ]),
        eventBlock(23, 20, [[8, 0], v4(4711, 80), [8, 5], undefined]),
      ],
      want: ['10.0.0.1:4711->10.0.0.2:80 tcp 4711 true'],
    },
    {
      name: 'gives the children of a process that exits to init',
      condition: 'evt.type = open and proc.name = ls',
      output: '%proc.pname',
      blocks: [clone(20, 30, 20, 1), exec(30, 0, 'ls'), exit(20), openBlock(30, 3, '/a')],
      want: ['init'],
    },
    {
      name: 'prints a thread that nothing tells of as unknown',
      condition: 'evt.type = open',
      output: '%proc.name %proc.pname %user.name',
      blocks: [openBlock(99, 3, '/a')],
      want: ['<NA> <NA> <NA>'],
    },
    {
      name: 'shows rules the exit event of an old call once',
      condition: 'evt.type = mkdir',
      output: '%evt.num %evt.dir %evt.arg.path %evt.arg.mode',
      blocks: [eventBlock(98, 20, ['x', [4, 0o755]]), eventBlock(99, 20, [[8, 0]])],
      want: ['1 < /work/x 1ED'],
    },
  ]
  for (const {name, condition, output, blocks, want} of cases) {
    it(name, async () => {
      assert.deepEqual(await messages(condition, output, blocks), want)
    })
  }

  it('leaves out what comes later than the limit', async () => {
    const at = (seconds: bigint): Buffer =>
      eventBlock(
        5,
        20,
        [
          [8, 0],
          [8, 9],
        ],
        {timeNs: seconds * 1_000_000_000n},
      )
    const found = await messages(
      'evt.type = close',
      '%evt.num',
      [at(5n), at(6n), at(8n)],
      1_000_000_000n,
    )
    assert.deepEqual(found, ['1', '2'])
  })

  for (const [name, run] of [
    ['replay', runReplay],
    ['conditions', runConditions],
    ['fields', runFields],
  ] as const) {
    it(`passes the conformance suite ${name}`, async function () {
      if (!existsSync(conformance)) return this.skip()
      this.timeout(60_000)
      const result = await run(conformance)
      assert.deepEqual(result?.failed, [])
    })
  }
})
