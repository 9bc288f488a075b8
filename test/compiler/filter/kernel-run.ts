import {closeSync} from 'node:fs'
import {Assembler, type Label} from '../../../src/bpf/assembler.ts'
import {encode, type Instruction} from '../../../src/bpf/instruction.ts'
import {BPF_PROG_TYPE, type ProgramData} from '../../../src/bpf/specs.ts'
import {R, SCRATCH_SIZE} from '../../../src/compiler/bpf/capture-context.ts'
import {emitFilter} from '../../../src/compiler/filter/emit-filter.ts'
import {createFilterData, type FilterData} from '../../../src/compiler/filter/filter-data.ts'
import type {KernelFilter} from '../../../src/compiler/filter/kernel-filter.ts'
import {progLoad, refusal, testRun} from '../../../src/sensor/bpf-syscall.ts'
import {checkKernel} from '../../../src/sensor/capabilities.ts'
import {BpfMap} from '../../../src/sensor/map.ts'

const RECORD = 'record'
const PASSED = 1
const DROPPED = 2

/** A program that judges the record in a map. */
export interface JudgingCode {
  readonly instructions: readonly Instruction[]
  readonly data: readonly ProgramData[]
}

/** A program that judges the record that `R.scratch` points to by what `emit` emits: a jump to the label drops it. */
export function judgingCode(
  emit: (asm: Assembler, drop: Label, data: FilterData) => void,
): JudgingCode {
  const asm = new Assembler()
  const data = createFilterData()
  const [drop, none] = [asm.label('drop'), asm.label('none')]
  asm.storeImm(4, 10, -8, 0).mov(2, 10).aluImm('add', 2, -8)
  asm.loadMap(1, RECORD).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, none).mov(R.scratch, 0)
  emit(asm, drop, data)
  asm.movImm(0, PASSED).exit()
  asm.place(drop).movImm(0, DROPPED).exit()
  return {instructions: asm.place(none).movImm(0, 0).exit().finish(), data: data.finish()}
}

/** A program that judges by a filter. */
export function filterCode(filter: KernelFilter): JudgingCode {
  return judgingCode((asm, drop, data) => emitFilter(asm, filter, drop, {data}))
}

/** Runs programs over records in the kernel. Close it at the end. */
export interface KernelRun {
  /**
   * Whether each record passes. What the scratch memory holds behind a record is made slashes.
   * @throws CodedError when the kernel refuses the program
   */
  readonly judge: (code: JudgingCode, records: readonly Buffer[]) => boolean[]
  readonly close: () => void
}

/** Makes the map that records are put into. */
export function openKernelRun(): KernelRun {
  checkKernel()
  const sizes = {keySize: 4, valueSize: SCRATCH_SIZE, maxEntries: 1}
  const map = BpfMap.create({name: RECORD, type: 'array', ...sizes})
  return {
    judge({instructions, data}, records) {
      const own = data.map(({name, bytes}) => BpfMap.ofData(name, bytes))
      const maps = new Map([map, ...own].map(each => [each.spec.name, each.fd]))
      const load = progLoad({
        ...{name: 'filter', license: 'GPL', logLevel: 0, log: Buffer.alloc(0)},
        ...{type: BPF_PROG_TYPE.raw_tracepoint, expectedAttachType: 0, attachBtfId: 0},
        instructions: encode(instructions, name => maps.get(name)),
      })
      for (const each of own) each.close()
      if (load.value < 0) throw refusal('loading a filter', load.errno)
      try {
        return records.map(record => {
          const value = Buffer.alloc(SCRATCH_SIZE, '/')
          record.copy(value)
          map.update(Buffer.alloc(4), value)
          const {retval} = testRun(load.value, Buffer.alloc(0))
          if (retval !== PASSED && retval !== DROPPED) throw new Error(`the program gave ${retval}`)
          return retval === PASSED
        })
      } finally {
        closeSync(load.value)
      }
    },
    close: () => map.close(),
  }
}
