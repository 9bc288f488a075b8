import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {Assembler} from '../../../src/bpf/assembler.ts'
import type {Instruction} from '../../../src/bpf/instruction.ts'
import {R, SCRATCH_SIZE} from '../../../src/compiler/bpf/capture-context.ts'
import {deriveFilter} from '../../../src/compiler/filter/derive-filter.ts'
import {emitFilter} from '../../../src/compiler/filter/emit-filter.ts'
import {passesFilter} from '../../../src/compiler/filter/interpret-filter.ts'
import type {KernelFilter} from '../../../src/compiler/filter/kernel-filter.ts'
import {testRun} from '../../../src/sensor/bpf-syscall.ts'
import {checkKernel} from '../../../src/sensor/capabilities.ts'
import {BpfMap} from '../../../src/sensor/map.ts'
import {BpfProgram} from '../../../src/sensor/program.ts'
import {requireLive} from '../../support/live.ts'
import {arbitraryConditions, arbitraryRecord, mkCondition} from './arbitrary-filters.ts'
import {layoutNamed, madeRecord} from './made-record.ts'

const RECORD = 'record'
const PASSED = 1
const DROPPED = 2

/** A program that judges the record in a map, and returns what became of it. */
function filterProgram(filter: KernelFilter): Instruction[] {
  const asm = new Assembler()
  const [drop, none] = [asm.label('drop'), asm.label('none')]
  asm.storeImm(4, 10, -8, 0).mov(2, 10).aluImm('add', 2, -8)
  asm.loadMap(1, RECORD).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, none).mov(R.scratch, 0)
  emitFilter(asm, filter, drop)
  asm.movImm(0, PASSED).exit()
  asm.place(drop).movImm(0, DROPPED).exit()
  return asm.place(none).movImm(0, 0).exit().finish()
}

describe('filters in the kernel', function () {
  this.timeout(60_000)

  it('say what their interpreter says', function () {
    requireLive(this, {feature: 'program loading'})
    const btf = checkKernel()
    const map = BpfMap.create({
      name: RECORD,
      type: 'array',
      keySize: 4,
      valueSize: SCRATCH_SIZE,
      maxEntries: 1,
    })
    const answers = {[PASSED]: 0, [DROPPED]: 0}
    try {
      fc.assert(
        fc.property(
          arbitraryConditions,
          fc.array(arbitraryRecord, {minLength: 8, maxLength: 12}),
          (texts, records) => {
            const conditions = texts.map(mkCondition)
            const {kind} = records[0]!
            const filter = deriveFilter(layoutNamed(kind), conditions)
            if (filter.kind === 'pass' || filter.kind === 'drop') return
            const program = BpfProgram.load(
              {
                name: 'filter',
                attach: {kind: 'raw_tp', tracepoint: 'sys_enter'},
                instructions: filterProgram(filter),
                license: 'GPL',
              },
              new Map([[RECORD, map]]),
              btf,
            )
            try {
              for (const record of records) {
                const bytes = madeRecord({...record, kind})
                const value = Buffer.alloc(SCRATCH_SIZE, '/')
                bytes.copy(value)
                map.update(Buffer.alloc(4), value)
                const {retval} = testRun(program.fd, Buffer.alloc(0))
                answers[retval as typeof PASSED]++
                assert.equal(retval, passesFilter(filter, bytes) ? PASSED : DROPPED)
              }
            } finally {
              program.close()
            }
          },
        ),
        {numRuns: 400},
      )
    } finally {
      map.close()
    }
    assert.ok(answers[PASSED] > 100 && answers[DROPPED] > 100, JSON.stringify(answers))
  })
})
