import assert from 'node:assert/strict'
import {after, before, describe, it} from 'mocha'
import {Assembler} from '../../../../src/bpf/assembler.ts'
import {R, SCRATCH_SIZE} from '../../../../src/compiler/bpf/capture-context.ts'
import {captureMaps} from '../../../../src/compiler/bpf/capture-maps.ts'
import {MAP_NAME} from '../../../../src/compiler/bpf/map-names.ts'
import {
  DESCRIPTOR_ENTRY,
  type DescriptorEntry,
  descriptorKey,
  encodeDescriptorEntry,
} from '../../../../src/compiler/filter/descriptor/descriptor-entry.ts'
import {emitFilter} from '../../../../src/compiler/filter/emit-filter.ts'
import {createFilterData} from '../../../../src/compiler/filter/filter-data.ts'
import type {DescriptorAtom, KernelFilter} from '../../../../src/compiler/filter/kernel-filter.ts'
import {HEADER} from '../../../../src/schema/record-layout.ts'
import {testRun} from '../../../../src/sensor/bpf-syscall.ts'
import {checkKernel} from '../../../../src/sensor/capabilities.ts'
import {BpfMap, indexKey} from '../../../../src/sensor/map.ts'
import {BpfProgram} from '../../../../src/sensor/program.ts'
import {requireLive} from '../../../support/live.ts'
import {layoutNamed} from '../made-record.ts'

const RECORD = 'record'
const [PASSED, DROPPED] = [1, 2]
const [PID, FD, SET] = [4321, 7, 0xfeed_beef_dead_0001n]
const KNOWN: DescriptorEntry = {
  start: 77n,
  file: 0xffff_8881_0000_1000n,
  node: 131_075n,
  set: SET,
  bits: 1n | (1n << 31n) | (1n << 40n) | (1n << 63n),
}

const offsetOf = (name: string): number =>
  layoutNamed('write').slots.find(slot => slot.name === name)!.offset
const atom = (bit: number): DescriptorAtom => ({
  kind: 'descriptor',
  bit,
  fd: offsetOf('fd'),
  file: offsetOf('$file'),
  node: offsetOf('$ino'),
})
const literal = (bit: number, want = true): KernelFilter => ({
  kind: 'literal',
  atom: atom(bit),
  want,
})

describe('filters in the kernel that ask for descriptors', function () {
  this.timeout(60_000)
  let maps = new Map<string, BpfMap>()

  before(function () {
    requireLive(this as never, {feature: 'program loading'})
    const specs = captureMaps({stateBytes: 1 << 16, bulkBytes: 1 << 16})
    const record = {name: RECORD, keySize: 4, valueSize: SCRATCH_SIZE, maxEntries: 1}
    const wanted = specs.filter(({name}) => name === MAP_NAME.descriptors)
    maps = new Map(
      [{...record, type: 'array'} as const, ...wanted].map(spec => [
        spec.name,
        BpfMap.create(spec),
      ]),
    )
  })
  after(() => {
    for (const map of maps.values()) map.close()
  })

  function passes(filter: KernelFilter, entry: Buffer | undefined): boolean {
    const asm = new Assembler()
    const [drop, none] = [asm.label('drop'), asm.label('none')]
    asm.storeImm(4, 10, -8, 0).mov(2, 10).aluImm('add', 2, -8)
    asm.loadMap(1, RECORD).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, none).mov(R.scratch, 0)
    emitFilter(asm, filter, drop, {data: createFilterData(), descriptorSet: SET})
    asm.movImm(0, PASSED).exit()
    asm.place(drop).movImm(0, DROPPED).exit()
    const instructions = asm.place(none).movImm(0, 0).exit().finish()
    const attach = {kind: 'raw_tp', tracepoint: 'sys_enter'} as const
    const entries = maps.get(MAP_NAME.descriptors)!
    if (entry === undefined) entries.delete(descriptorKey(PID, FD))
    else entries.update(descriptorKey(PID, FD), entry)
    const scratch = Buffer.alloc(SCRATCH_SIZE, 0xaa)
    scratch.writeUInt32LE(PID, HEADER.pid)
    scratch.writeBigUInt64LE(KNOWN.start, HEADER.start)
    scratch.writeBigInt64LE(BigInt(FD), offsetOf('fd'))
    scratch.writeBigUInt64LE(KNOWN.file, offsetOf('$file'))
    scratch.writeBigUInt64LE(KNOWN.node, offsetOf('$ino'))
    maps.get(RECORD)!.update(indexKey(0), scratch)
    const spec = {name: 'filter', attach, instructions, license: 'GPL'}
    const program = BpfProgram.load(spec, maps, checkKernel())
    try {
      const {retval} = testRun(program.fd, Buffer.alloc(0))
      assert.ok(retval === PASSED || retval === DROPPED, String(retval))
      return retval === PASSED
    } finally {
      program.close()
    }
  }

  const known = encodeDescriptorEntry(descriptorKey(PID, FD), KNOWN)

  for (const bit of [0, 1, 30, 31, 32, 40, 62, 63])
    it(`read bit ${bit}`, () => {
      const holds = ((KNOWN.bits >> BigInt(bit)) & 1n) === 1n
      assert.equal(passes(literal(bit), known), holds)
      assert.equal(passes(literal(bit, false), known), !holds)
    })

  const others: readonly [string, Buffer | undefined][] = [
    ['is not there', undefined],
    ...(['start', 'file', 'node', 'set'] as const).map(
      name =>
        [
          `is of another ${name}`,
          encodeDescriptorEntry(descriptorKey(PID, FD), {...KNOWN, [name]: KNOWN[name] ^ 8n}),
        ] as [string, Buffer],
    ),
    ['is sealed for another descriptor', encodeDescriptorEntry(descriptorKey(PID, FD + 1), KNOWN)],
    ['is half of another one', mixed()],
  ]
  for (const [name, entry] of others)
    it(`let everything pass when the entry ${name}`, () => {
      for (const want of [true, false])
        for (const bit of [0, 1]) assert.equal(passes(literal(bit, want), entry), true)
    })

  function mixed(): Buffer {
    const other = encodeDescriptorEntry(descriptorKey(PID, FD), {...KNOWN, bits: 2n})
    return Buffer.concat([
      known.subarray(0, DESCRIPTOR_ENTRY.bits),
      other.subarray(DESCRIPTOR_ENTRY.bits, DESCRIPTOR_ENTRY.seal),
      known.subarray(DESCRIPTOR_ENTRY.seal),
    ])
  }
})
