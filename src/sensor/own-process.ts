import {closeSync} from 'node:fs'
import {Assembler} from '../bpf/assembler.ts'
import {encode} from '../bpf/instruction.ts'
import {BPF_PROG_TYPE} from '../bpf/specs.ts'
import {progLoad, refusal, testRun} from './bpf-syscall.ts'

/**
 * This process's id as the kernel's first pid namespace numbers it, learned by running a program once: inside a
 * container `process.pid` is another number.
 * @throws CodedError when the kernel lets no program be loaded: the first call that needs the right to.
 */
export function ownKernelPid(): number {
  const instructions = new Assembler()
    .call('get_current_pid_tgid')
    .aluImm('rsh', 0, 32)
    .exit()
    .finish()
  const load = progLoad({
    type: BPF_PROG_TYPE.raw_tracepoint,
    name: 'det_own_pid',
    instructions: encode(instructions),
    license: 'GPL',
    expectedAttachType: 0,
    attachBtfId: 0,
    logLevel: 0,
    log: Buffer.alloc(0),
  })
  if (load.value < 0) throw refusal('loading a first program', load.errno)
  const run = testRun(load.value, Buffer.alloc(0))
  closeSync(load.value)
  if (run.value < 0) throw refusal('running a first program', run.errno)
  return run.retval
}
