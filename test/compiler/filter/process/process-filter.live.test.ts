import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {Assembler} from '../../../../src/bpf/assembler.ts'
import type {Instruction} from '../../../../src/bpf/instruction.ts'
import {
  GENERATION_PLACE,
  PROCESS_STATE,
  R,
  SCRATCH_SIZE,
} from '../../../../src/compiler/bpf/capture-context.ts'
import {captureMaps} from '../../../../src/compiler/bpf/capture-maps.ts'
import {MAP_NAME} from '../../../../src/compiler/bpf/map-names.ts'
import {emitFilter} from '../../../../src/compiler/filter/emit-filter.ts'
import {createFilterData} from '../../../../src/compiler/filter/filter-data.ts'
import {passesFilter} from '../../../../src/compiler/filter/interpret-filter.ts'
import type {KernelFilter, ProcessAtom} from '../../../../src/compiler/filter/kernel-filter.ts'
import {
  BORN_ENTRY,
  CGROUP_ENTRY,
  cgroupKey,
  encodeCgroupEntry,
} from '../../../../src/compiler/filter/process/cgroup-entry.ts'
import {
  type ProcessNow,
  processAnswers,
} from '../../../../src/compiler/filter/process/interpret-process.ts'
import {
  encodeProcessEntry,
  PROCESS_ENTRY,
  PROCESS_WORD,
} from '../../../../src/compiler/filter/process/process-entry.ts'
import {HEADER} from '../../../../src/schema/record-layout.ts'
import {testRun} from '../../../../src/sensor/bpf-syscall.ts'
import {checkKernel} from '../../../../src/sensor/capabilities.ts'
import {BpfMap, indexKey} from '../../../../src/sensor/map.ts'
import {BpfProgram} from '../../../../src/sensor/program.ts'
import {requireLive} from '../../../support/live.ts'

const RECORD = 'record'
const PASSED = 1
const DROPPED = 2
const TID = 4321
const GROUP = 0xfeed_0000_0000_0001n
const MAPS = [
  MAP_NAME.processes,
  MAP_NAME.processWords,
  MAP_NAME.born,
  MAP_NAME.cgroups,
] as readonly string[]

function filterProgram(filter: KernelFilter): Instruction[] {
  const asm = new Assembler()
  const [drop, none] = [asm.label('drop'), asm.label('none')]
  asm.storeImm(4, 10, -8, 0).mov(2, 10).aluImm('add', 2, -8)
  asm.loadMap(1, RECORD).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, none).mov(R.scratch, 0)
  emitFilter(asm, filter, drop, {data: createFilterData()})
  asm.movImm(0, PASSED).exit()
  asm.place(drop).movImm(0, DROPPED).exit()
  return asm.place(none).movImm(0, 0).exit().finish()
}

const atom = fc
  .record(
    {
      kind: fc.constant('process' as const),
      bit: fc.oneof(fc.constantFrom(0, 31, 32, 63, 64, 255), fc.integer({min: 0, max: 255})),
      kin: fc.boolean(),
      cgroup: fc.constant(true as const),
    },
    {requiredKeys: ['kind', 'bit', 'kin']},
  )
  .map(made =>
    made.kin ? {kind: made.kind, bit: made.bit, kin: true} : made,
  ) satisfies fc.Arbitrary<ProcessAtom>
const literal = fc.record({kind: fc.constant('literal' as const), atom, want: fc.boolean()})
const filters: fc.Arbitrary<KernelFilter> = fc.letrec<{any: KernelFilter}>(tie => ({
  any: fc.oneof(
    {depthSize: 'small'},
    {weight: 2, arbitrary: literal},
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('and', 'or'),
        children: fc.array(tie('any'), {minLength: 2, maxLength: 4}),
      }),
    },
  ),
})).any
const word = fc.constantFrom(0n, 1n, 2n ** 40n, 2n ** 64n - 1n)
const now = fc.record({start: word, execId: word, set: word, version: word, epoch: word})
/** What the entry has: mostly what is now. */
const differs = fc.constantFrom(
  ...([undefined, undefined, undefined] as const),
  ...(['start', 'execId', 'set', 'version', 'epoch', 'seal', 'missing'] as const),
)

describe('filters in the kernel that ask for processes', function () {
  this.timeout(60_000)

  it('say what their interpreter says', function () {
    requireLive(this, {feature: 'program loading'})
    const btf = checkKernel()
    const record = {name: RECORD, keySize: 4, valueSize: SCRATCH_SIZE, maxEntries: 1}
    const specs = captureMaps({stateBytes: 1 << 16, bulkBytes: 1 << 16})
    const maps = new Map(
      [{...record, type: 'array'} as const, ...specs.filter(({name}) => MAPS.includes(name))].map(
        spec => [spec.name, BpfMap.create(spec)],
      ),
    )
    const setWord = (index: number, value: bigint): void => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(value)
      maps.get(MAP_NAME.processWords)!.update(indexKey(index), bytes)
    }
    const answers = {[PASSED]: 0, [DROPPED]: 0}
    const judge = (program: BpfProgram, filter: KernelFilter, made: ProcessNow, parts: Made) => {
      const {change, bits, generation, group} = parts
      const born = Buffer.alloc(BORN_ENTRY.size)
      born.writeBigUInt64LE(made.start ^ (group === 'start' ? 1n : 0n), BORN_ENTRY.start)
      born.writeBigUInt64LE(GROUP, BORN_ENTRY.cgroup)
      const key = cgroupKey(GROUP)
      const {set, version} = made
      const ofGroup = encodeCgroupEntry(key, {
        set: set ^ (group === 'set' ? 1n : 0n),
        version: version ^ (group === 'version' ? 1n : 0n),
        bits: parts.groupBits,
      })
      if (group === 'seal') ofGroup[CGROUP_ENTRY.seal]! ^= 1
      maps.get(MAP_NAME.born)!.update(indexKey(TID), born)
      if (group === 'missing') maps.get(MAP_NAME.cgroups)!.delete(key)
      else maps.get(MAP_NAME.cgroups)!.update(key, ofGroup)
      const entries = maps.get(MAP_NAME.processes)!
      const entry = encodeProcessEntry(TID, {...made, bits})
      if (change === 'seal') entry[PROCESS_ENTRY.seal]! ^= 1
      else if (change !== undefined && change !== 'missing') {
        const other = {...made, bits, [change]: made[change] ^ 4n}
        encodeProcessEntry(TID, other).copy(entry)
      }
      if (change === 'missing') entries.delete(indexKey(TID))
      else entries.update(indexKey(TID), entry)
      setWord(PROCESS_WORD.epoch, made.epoch)
      setWord(PROCESS_WORD.version, made.version)
      setWord(PROCESS_WORD.sets + (generation & 1), made.set)
      setWord(PROCESS_WORD.sets + (~generation & 1), made.set ^ 2n)
      const scratch = Buffer.alloc(SCRATCH_SIZE, 0xaa)
      scratch.writeUInt32LE(TID, HEADER.tid)
      scratch.writeUInt32LE(generation, GENERATION_PLACE)
      scratch.writeBigUInt64LE(made.start, PROCESS_STATE.start)
      scratch.writeBigUInt64LE(made.execId, PROCESS_STATE.execId)
      maps.get(RECORD)!.update(indexKey(0), scratch)
      const {retval} = testRun(program.fd, Buffer.alloc(0))
      answers[retval as typeof PASSED]++
      const hasGroup = group !== 'start' && group !== 'missing'
      const told = processAnswers(
        change === 'missing' ? undefined : entry,
        made,
        hasGroup ? {key, entry: ofGroup} : undefined,
      )
      const want = passesFilter(filter, scratch, 0, told) ? PASSED : DROPPED
      assert.equal(retval, want)
    }
    try {
      fc.assert(
        fc.property(
          filters,
          fc.array(fc.tuple(now, arbitraryMade), {minLength: 4, maxLength: 8}),
          (filter, looks) => {
            const attach = {kind: 'raw_tp', tracepoint: 'sys_enter'} as const
            const instructions = filterProgram(filter)
            const spec = {name: 'filter', attach, instructions, license: 'GPL'}
            const program = BpfProgram.load(spec, maps, btf)
            try {
              for (const [made, parts] of looks) judge(program, filter, {tid: TID, ...made}, parts)
            } finally {
              program.close()
            }
          },
        ),
        {numRuns: 300},
      )
    } finally {
      for (const map of maps.values()) map.close()
    }
    assert.ok(answers[PASSED] > 100 && answers[DROPPED] > 100, JSON.stringify(answers))
  })
})

interface Made {
  readonly change: 'start' | 'execId' | 'set' | 'version' | 'epoch' | 'seal' | 'missing' | undefined
  readonly bits: bigint
  readonly generation: number
  /** What the entry of the control groups lacks. */
  readonly group: 'start' | 'set' | 'version' | 'seal' | 'missing' | undefined
  readonly groupBits: bigint
}

const arbitraryMade: fc.Arbitrary<Made> = fc.record({
  change: differs,
  bits: fc.bigInt({min: 0n, max: 2n ** 256n - 1n}),
  generation: fc.integer({min: 0, max: 9}),
  group: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    'start',
    'set',
    'version',
    'seal',
    'missing',
  ),
  groupBits: fc.bigInt({min: 0n, max: 2n ** 256n - 1n}),
})
