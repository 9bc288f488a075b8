import {Assembler} from '../src/bpf/assembler.ts'
import type {ProgramSpec} from '../src/bpf/specs.ts'
import {readKernelBtf} from '../src/sensor/kernel-btf.ts'
import {BpfProgram} from '../src/sensor/program.ts'

const TRACEPOINTS = ['sys_exit', 'sched_process_fork', 'sched_process_exec', 'sched_process_exit']

/** Attaches programs that do nothing where those of the detector are; gives the function that detaches them. */
export function attachEmpty(): () => void {
  const btf = readKernelBtf()
  const open: {close(): void}[] = []
  for (const tracepoint of TRACEPOINTS) {
    const spec: ProgramSpec = {
      name: `empty_${tracepoint}`.slice(0, 15),
      attach: {kind: 'tp_btf', tracepoint},
      instructions: new Assembler().movImm(0, 0).exit().finish(),
      license: 'GPL',
    }
    const program = BpfProgram.load(spec, new Map(), btf)
    open.push(program, program.attach())
  }
  return () => {
    for (const one of open.reverse()) one.close()
  }
}
