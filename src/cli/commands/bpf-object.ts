import {CodedError} from '../../diagnostics/error.ts'
import type {CliIo} from '../io.ts'
import {runBpfDisasm} from './bpf-disasm.ts'
import {runBpfMaps} from './bpf-maps.ts'
import {runBpfRun} from './bpf-run.ts'
import {type Judge, kernelJudge, runBpfVerify} from './bpf-verify.ts'
import type {ObjectArgs} from './object-file.ts'

/** What `detector bpf` was asked to do with an object file. */
export interface BpfObjectArgs extends ObjectArgs {
  /** disasm, verify, maps or run. */
  readonly action: string
  readonly quiet: boolean
  /** `verify`: ask the kernel. */
  readonly kernel: boolean
  readonly durationMs: number | undefined
}

/**
 * Runs a command on an object file.
 * @throws CodedError CLI_USAGE, OBJECT_INVALID, OBJECT_REFUSED or SENSOR_…
 */
export async function runBpfObject(args: BpfObjectArgs, io: CliIo): Promise<number> {
  switch (args.action) {
    case 'disasm':
      return runBpfDisasm(args, io)
    case 'maps':
      return runBpfMaps(args, io)
    case 'verify':
      return runBpfVerify(args, judges(args), io)
    default:
      return runBpfRun(args, io)
  }
}

function judges({kernel}: BpfObjectArgs): ReadonlyMap<string, Judge> {
  if (!kernel) {
    throw new CodedError('CLI_USAGE', 'bpf verify needs --kernel', {
      hint: 'the kernel is the only judge there is',
    })
  }
  return new Map([['kernel', kernelJudge]])
}
