import type {Btf} from '../../../bpf/btf.ts'
import {readKernelBtf} from '../../../sensor/kernel-btf.ts'
import type {VerifierInput} from '../../../verifier/input.ts'
import {kernelStyleLog} from '../../../verifier/kernel-log.ts'
import {objectInput} from '../../../verifier/object-input.ts'
import {reportDetails} from '../../../verifier/report.ts'
import {verify} from '../../../verifier/verify.ts'
import type {Judge, Judgement} from './bpf-verify.ts'
import {sourceLineOf} from './source-line.ts'

/** How our verifier is asked. */
export interface OwnJudgeOptions {
  readonly strict: boolean
  /** Whether a whole log in the kernel's manner is wanted. */
  readonly log: boolean
}

/** Our verifier as a judge. It loads nothing; the kernel's types are read only where a program depends on them. */
export function ownJudge({strict, log}: OwnJudgeOptions): Judge {
  let types: Btf | undefined
  return (program, object) => {
    const input = objectInput(program, object, () => (types ??= readKernelBtf()))
    if ('notJudged' in input)
      return {accepted: false, slot: undefined, reason: input.notJudged, details: ''}
    return judgementOf(input, {strict, log}, slot => sourceLineOf(program, object, slot))
  }
}

/** The verdict on a program as it is printed. */
export function judgementOf(
  input: VerifierInput,
  {strict, log}: OwnJudgeOptions,
  sourceLine: (slot: number) => string | undefined = () => undefined,
): Judgement {
  const recorder = log ? kernelStyleLog(input.code) : undefined
  const trace = recorder === undefined ? {} : {trace: recorder.trace}
  const result = verify(input, {strict, ...trace})
  return {
    accepted: result.ok,
    slot: result.problem?.at,
    reason: result.problem?.message ?? '',
    details: recorder?.finish(result) ?? reportDetails(input.code, result, sourceLine),
  }
}
