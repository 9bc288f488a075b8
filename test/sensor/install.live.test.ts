import assert from 'node:assert/strict'
import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {Assembler} from '../../src/bpf/assembler.ts'
import {programImage} from '../../src/bpf/program-image.ts'
import type {ProgramSpec} from '../../src/bpf/specs.ts'
import {GENERATION_PLACE} from '../../src/compiler/bpf/capture-context.ts'
import {captureMaps} from '../../src/compiler/bpf/capture-maps.ts'
import {MAP_NAME} from '../../src/compiler/bpf/map-names.ts'
import {entryPrograms} from '../../src/compiler/bpf/tracepoint-entries.ts'
import {CALL_SLOTS, TRACEPOINTS} from '../../src/compiler/bpf/tracepoints.ts'
import {CodedError} from '../../src/diagnostics/error.ts'
import {HEADER} from '../../src/schema/record-layout.ts'
import {Sensor} from '../../src/sensor/sensor.ts'
import {compileC} from '../support/compile-c.ts'
import {requireLive} from '../support/live.ts'
import {everyKind, sensorSetting} from '../support/open-sensor.ts'

const GETPPID = 110
const CALLS = 1_000_000
/** Generations begin just below the place where the header's two bytes run over. */
const FIRST = 0xfff0

/** A program at the end of getppid whose record has the generation it was told in the header and `mark` where the user id is. */
function marker(mark: number): ProgramSpec {
  const asm = new Assembler()
  const out = asm.label('out')
  asm.storeImm(4, 10, -8, 0).mov(2, 10).aluImm('add', 2, -8)
  asm.loadMap(1, MAP_NAME.scratch).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, out)
  asm.mov(7, 0).call('ktime_get_boot_ns').store(8, 7, HEADER.timestamp, 0)
  asm.load(4, 1, 7, GENERATION_PLACE).store(2, 7, HEADER.generation, 1)
  asm.movImm(1, mark).store(4, 7, HEADER.uid, 1)
  asm.loadMap(1, MAP_NAME.bulk).mov(2, 7).movImm(3, HEADER.size).movImm(4, 1)
  asm.call('ringbuf_output')
  return place(asm.place(out).movImm(0, 0).exit().finish())
}

function place(instructions: ProgramSpec['instructions'], slot = GETPPID): ProgramSpec {
  const {array} = TRACEPOINTS.sys_exit
  return {
    name: 'det_test',
    attach: {
      kind: 'tail_call',
      hook: 'tp_btf',
      tracepoint: 'sys_exit',
      map: array,
      slot,
      halfSize: CALL_SLOTS,
    },
    instructions,
    license: 'GPL',
  }
}

/** A program that no kernel accepts: it ends without a result. */
const REFUSED = place(new Assembler().exit().finish(), 0)

/** A refusal by the kernel; the file with its log goes. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof CodedError) || error.code !== 'SENSOR_REFUSED') return false
  const log = /(\/\S+)\.log;/.exec(error.hint ?? '')?.[1]
  assert.ok(log !== undefined)
  rmSync(dirname(log), {recursive: true})
  return true
}

describe('the programs of a sensor', function () {
  this.timeout(60_000)
  let folder: string
  let burst: string
  let entries: readonly ProgramSpec[]

  before(function () {
    requireLive(this as never, {feature: 'changing programs'})
    folder = mkdtempSync(join(tmpdir(), 'detector-install-'))
    burst = compileC(this as never, 'burst', folder)
    const setting = sensorSetting(everyKind(), {hooks: 'tp_btf'})
    entries = entryPrograms({kinds: new Map(), entryCopies: new Set()}, setting)
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  const open = (generation: number): Sensor => {
    const rings = {stateBytes: 1 << 16, bulkBytes: 1 << 27}
    const {btf} = sensorSetting(everyKind(), {hooks: 'tp_btf'})
    return Sensor.open({
      maps: captureMaps(rings),
      rings: {state: MAP_NAME.state, bulk: MAP_NAME.bulk},
      active: MAP_NAME.active,
      btf,
      generation,
    })
  }
  /** Reads what is there: how many records have each pair of generation and mark. */
  const counts = (sensor: Sensor, into = new Map<string, number>()): Map<string, number> => {
    sensor.read((bytes, start) => {
      const stamp = bytes.readUInt16LE(start + HEADER.generation)
      const key = `${stamp} ${bytes.readUInt32LE(start + HEADER.uid)}`
      into.set(key, (into.get(key) ?? 0) + 1)
    })
    return into
  }
  const callOnce = (): void => {
    assert.equal(spawnSync(burst, ['getppid', '1', '-']).status, 0)
  }

  it('stamp no record with a generation whose program did not make it', async () => {
    const sensor = open(FIRST)
    try {
      sensor.install([...entries, marker(FIRST)])
      sensor.attach()
      const children = [1, 2].map(() =>
        spawn(burst, ['getppid', String(CALLS), '-'], {stdio: 'ignore'}),
      )
      let left = children.length
      for (const child of children) child.on('close', () => left--)
      const seen = new Map<string, number>()
      let generation = FIRST
      while (left > 0 && generation < FIRST + 400) {
        generation++
        // Each has a mark of its own; every third refines its program, which then has the mark of a stand-in.
        const mark = generation % 3 === 0 ? generation | 0x8000_0000 : generation
        const image = programImage(marker(mark))
        sensor.install([...entries, {...image, standIn: generation % 3 === 0}])
        assert.equal(sensor.generation, generation)
        if (generation % 3 === 0) {
          sensor.addRefinements([programImage(marker(generation))])
          sensor.refineNext()
        }
        counts(sensor, seen)
        await new Promise(resolve => setImmediate(resolve))
      }
      while (left > 0) await new Promise(resolve => setTimeout(resolve, 5))
      sensor.detach()
      counts(sensor, seen)
      const wrong = [...seen].filter(([key]) => {
        const [stamp, mark] = key.split(' ').map(Number)
        return stamp !== mark! % 0x1_0000
      })
      assert.deepEqual(wrong, [])
      const total = [...seen.values()].reduce((sum, count) => sum + count, 0)
      // Other programs of the host may call it too.
      assert.ok(total >= 2 * CALLS, `${total} records`)
      assert.ok(generation > FIRST + 8 && seen.size > 8, `${seen.size} generations`)
    } finally {
      sensor.close()
    }
  })

  it('are those of before when the kernel refuses one of the new', () => {
    const sensor = open(1)
    try {
      sensor.install([...entries, marker(7)])
      sensor.attach()
      const {hooks} = sensor
      assert.throws(() => sensor.install([...entries, marker(8), REFUSED]), isRefusal)
      assert.equal(sensor.generation, 1)
      assert.deepEqual(sensor.hooks, hooks)
      callOnce()
      assert.deepEqual(
        [...counts(sensor).keys()],
        ['1 7'],
        'the old program runs, in the old generation',
      )
      sensor.install([...entries, marker(9)])
      callOnce()
      assert.deepEqual([...counts(sensor).keys()], ['2 9'])
    } finally {
      sensor.close()
    }
  })

  it('say when all records of the generation before were read', () => {
    const sensor = open(1)
    try {
      sensor.install([...entries, marker(1)])
      sensor.attach()
      callOnce()
      const {mark} = sensor.install([...entries, marker(2)])
      callOnce()
      assert.equal(sensor.hasPassed(mark), false)
      const seen: string[] = []
      for (;;) {
        const before = sensor.hasPassed(mark)
        const count = sensor.read((bytes, start) => {
          seen.push(`${before} ${bytes.readUInt16LE(start + HEADER.generation)}`)
        }, 1)
        if (count === 0) break
      }
      assert.deepEqual([...new Set(seen)], ['false 1', 'true 2'])
    } finally {
      sensor.close()
    }
  })

  it('are stand-ins until better ones are loaded, which stay loaded for the next time', () => {
    const sensor = open(1)
    try {
      const standIn = {...programImage(marker(100)), standIn: true}
      const [better, best] = [programImage(marker(1)), programImage(marker(2))]
      sensor.install([...entries, marker(0)])
      sensor.attach()
      assert.equal(sensor.install([...entries, standIn]).loaded, 1)
      sensor.addRefinements([better])
      callOnce()
      assert.ok(sensor.hasRefinements)
      sensor.refineNext()
      assert.ok(!sensor.hasRefinements)
      callOnce()
      const {name, attach, hash} = standIn
      const again = sensor.install([...entries, {name, attach, hash, standIn: true}])
      assert.equal(again.loaded, 0, 'it was still there')
      // A refinement that is still to come counts as the program: nothing is loaded for it twice.
      sensor.addRefinements([best])
      assert.equal(sensor.install([...entries, best]).loaded, 0)
      callOnce()
      assert.ok(sensor.hasRefinements)
      sensor.refineNext()
      callOnce()
      // Rules that want something else in its place want no refinement any more.
      sensor.addRefinements([better])
      sensor.install([...entries, marker(5)])
      assert.ok(!sensor.hasRefinements)
      assert.deepEqual([...counts(sensor).keys()], ['2 100', '2 1', '4 100', '4 2'])
    } finally {
      sensor.close()
    }
  })

  it('go on as they are when a refinement is refused', () => {
    const sensor = open(1)
    try {
      const refused = programImage({...REFUSED, attach: marker(0).attach})
      sensor.install([...entries, {...programImage(marker(100)), standIn: true}])
      sensor.attach()
      sensor.addRefinements([refused])
      assert.throws(() => sensor.refineNext(), isRefusal)
      assert.ok(!sensor.hasRefinements)
      callOnce()
      assert.deepEqual([...counts(sensor).keys()], ['1 100'])
    } finally {
      sensor.close()
    }
  })
})
