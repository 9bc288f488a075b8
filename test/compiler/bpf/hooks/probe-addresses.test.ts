import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {Assembler} from '../../../../src/bpf/assembler.ts'
import {disassemble} from '../../../../src/bpf/disassembler.ts'
import {R, STACK} from '../../../../src/compiler/bpf/capture-context.ts'
import {emitContextWords} from '../../../../src/compiler/bpf/hooks/hook-context.ts'
import {probeAddresses} from '../../../../src/compiler/bpf/hooks/probe-addresses.ts'

/** Loads that were made guarded copies. */
function probes(asm: Assembler): number {
  const lines = disassemble(probeAddresses(asm.movImm(0, 0).exit().finish()))
  return lines.filter(line => line.includes('probe_read_kernel')).length
}

/** A program for a raw tracepoint whose second word is a bare address. */
function forked(): Assembler {
  const asm = new Assembler()
  emitContextWords(asm, 'raw_tp', 'sched_process_fork')
  return asm
}

describe('probeAddresses', () => {
  const cases: readonly {name: string; program: (asm: Assembler) => Assembler; want: number}[] = [
    {
      name: 'guards loads through an address of the context, step by step',
      program: asm => asm.load(8, 1, R.ctx, 8).load(8, 1, 1, 16).load(4, 2, 1, 0),
      want: 2,
    },
    {
      name: 'leaves loads through the running task alone',
      program: asm => asm.load(8, 1, R.ctx, 0).load(8, 1, 1, 16).load(4, 2, 1, 0),
      want: 0,
    },
    {
      name: 'follows an address through the stack and through arithmetic',
      program: asm =>
        asm
          .load(8, 1, R.ctx, 8)
          .store(8, 10, STACK.task, 1)
          .load(8, 3, 10, STACK.task)
          .mov(4, 3)
          .aluImm('add', 4, 24)
          .load(2, 5, 4, 0),
      want: 1,
    },
    {
      name: 'forgets an address that is written over',
      program: asm =>
        asm
          .load(8, 1, R.ctx, 8)
          .store(8, 10, STACK.task, 1)
          .call('get_current_task_btf')
          .store(8, 10, STACK.task, 0)
          .load(8, 1, 10, STACK.task)
          .load(8, 1, 1, 0),
      want: 0,
    },
    {
      name: 'guards a load that an address reaches on one of two ways',
      program: asm => {
        const other = asm.label('other')
        return asm
          .load(8, 1, R.ctx, 0)
          .jumpIfImm('jeq', 1, 0, other)
          .load(8, 1, R.ctx, 8)
          .place(other)
          .load(8, 2, 1, 0)
      },
      want: 1,
    },
    {
      name: 'leaves map values alone',
      program: asm =>
        asm
          .load(8, 5, R.ctx, 8)
          .load(4, 9, 5, 0)
          .loadMap(1, 'm')
          .call('map_lookup_elem')
          .alu('add', 0, 9)
          .load(8, 1, 0, 0),
      want: 1,
    },
  ]
  for (const {name, program, want} of cases)
    it(name, () => assert.equal(probes(program(forked())), want))

  it('keeps the registers in use across the read, and no others', () => {
    const asm = forked().load(8, 1, R.ctx, 8).movImm(4, 7).load(4, 2, 1, 12).movImm(0, 0).exit()
    const kept = probeAddresses(asm.finish())
      .filter(
        ({dst, src, off}) => (dst === 10 || src === 10) && off >= STACK.spill && off < STACK.probe,
      )
      .map(({off}) => (off - STACK.spill) / 8)
    // r0 from the context's words, r1 the address, r4 the number: stored before, loaded after.
    assert.deepEqual(kept, [0, 1, 4, 0, 1, 4])
  })

  it('keeps jumps where they were going', () => {
    const asm = forked()
    const end = asm.label('end')
    asm.load(8, 1, R.ctx, 8).jumpIfImm('jeq', 1, 0, end).load(8, 2, 1, 0).load(8, 3, 2, 0)
    const program = probeAddresses(asm.place(end).movImm(0, 0).exit().finish())
    const jump = disassemble(program).find(line => line.includes('goto'))
    assert.match(jump ?? '', new RegExp(`goto ${program.length - 2}$`))
  })
})
