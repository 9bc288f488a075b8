import type {CliIo} from '../../io.ts'
import {runBpfDisasm} from './bpf-disasm.ts'
import {runBpfMaps} from './bpf-maps.ts'
import {runBpfRun} from './bpf-run.ts'
import {type Judge, kernelJudge, runBpfVerify, runRawVerify} from './bpf-verify.ts'
import type {ObjectArgs} from './object-file.ts'
import {ownJudge} from './own-judge.ts'

/** What `detector bpf` was asked to do with an object file. */
export interface BpfObjectArgs extends ObjectArgs {
  /** disasm, verify, maps or run. */
  readonly action: string
  readonly quiet: boolean
  /** `verify`: ask the kernel too. */
  readonly kernel: boolean
  /** `verify`: the file holds programs in JSON. */
  readonly raw: boolean
  /** `verify`: refuse too what only some kernels accept. */
  readonly strict: boolean
  /** `verify`: print the whole walk in the kernel's manner. */
  readonly log: boolean
  /** `run`: load what our verifier refused. */
  readonly force: boolean
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
      return args.raw ? runRawVerify(args, args, io) : runBpfVerify(args, judges(args), io)
    default:
      return runBpfRun(args, io)
  }
}

function judges({kernel, strict, log}: BpfObjectArgs): ReadonlyMap<string, Judge> {
  const ours = ownJudge({strict, log})
  return new Map(
    kernel
      ? [
          ['detector', ours],
          ['kernel', kernelJudge],
        ]
      : [['detector', ours]],
  )
}
