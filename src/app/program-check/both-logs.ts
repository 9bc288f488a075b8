import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {ProgramImage} from '../../bpf/program-image.ts'
import type {MapSpec} from '../../bpf/specs.ts'
import {readKernelBtf} from '../../sensor/kernel-btf.ts'
import type {VerifierInput} from '../../verifier/input.ts'
import {kernelStyleLog} from '../../verifier/kernel-log.ts'
import {verify} from '../../verifier/verify.ts'
import {generatedInput} from './check-program.ts'

/** Saves what our verifier and the kernel say of a program in a file of its own that only its owner can read; gives its path. */
export function saveBothLogs(name: string, input: VerifierInput, kernelLog: string): string {
  const ours = kernelStyleLog(input.code)
  const text = ours.finish(verify(input, {trace: ours.trace}))
  const file = join(mkdtempSync(join(tmpdir(), 'detector-verifier-')), `${name}.log`)
  writeFileSync(file, `detector:\n${text}\nkernel:\n${kernelLog}`, {mode: 0o600})
  return file
}

/**
 * The same for a program that the kernel refused to load.
 * @returns the hint for whoever reads the error; undefined when ours cannot be asked
 */
export function refusalHint(
  image: ProgramImage,
  maps: readonly MapSpec[],
  kernelLog: string,
): string | undefined {
  try {
    const input = generatedInput(image, maps, readKernelBtf())
    const verdict = verify(input).ok ? 'our verifier accepts it' : 'our verifier refuses it too'
    const file = saveBothLogs(image.name, input, kernelLog)
    return `${verdict}; both logs are in ${file}, please report them`
  } catch {
    // The refusal itself is told all the same.
    return undefined
  }
}
