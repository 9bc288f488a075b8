import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Btf} from '../../src/bpf/btf.ts'
import {parseObject} from '../../src/bpf/elf/object.ts'
import {readKernelBtf} from '../../src/sensor/kernel-btf.ts'
import {objectInput} from '../../src/verifier/object-input.ts'
import {verify} from '../../src/verifier/verify.ts'
import {readSuite, type SuiteResult} from './suite-files.ts'

interface SampleCase {
  readonly file: string
  readonly section: string
  readonly function: string
  readonly loaded_as: string | null
  readonly kernel: string
}

interface Note {
  readonly name: string
  readonly reason: string
}

/** Folder beside the cases that holds the public sample objects. */
const OBJECTS = 'ebpf-samples'

/**
 * The kernel's verdicts on the objects of the public sample corpus. The objects are no part of the cases: without them all is
 * skipped, as are programs of types that are not judged.
 */
export async function runEbpfSamples(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<SampleCase>(dir, 'ebpf-samples-verdicts.json')
  if (cases === undefined) return undefined
  const name = 'ebpf-samples-verdicts'
  const folder = join(dir, OBJECTS)
  if (!existsSync(folder)) {
    const reason = `the objects are not in ${folder}`
    return {name, passed: 0, failed: [], skipped: [{name: `${cases.length} programs`, reason}]}
  }
  const failed: Note[] = []
  const skipped: Note[] = []
  let types: Btf | undefined
  for (const sample of cases) {
    const title = `${sample.file} ${sample.section} ${sample.function}`
    const outcome = judge(folder, sample, () => (types ??= readKernelBtf()))
    if (outcome?.skipped === true) skipped.push({name: title, reason: outcome.reason})
    else if (outcome !== undefined) failed.push({name: title, reason: outcome.reason})
  }
  return {name, passed: cases.length - failed.length - skipped.length, failed, skipped}
}

function judge(
  folder: string,
  sample: SampleCase,
  types: () => Btf,
): {readonly skipped: boolean; readonly reason: string} | undefined {
  const path = join(folder, sample.file)
  if (sample.kernel !== 'accept' && sample.kernel !== 'reject')
    return {skipped: true, reason: 'the kernel was not asked'}
  if (!existsSync(path)) return {skipped: true, reason: 'no such object'}
  try {
    const object = parseObject(readFileSync(path))
    const program = object.programs.find(
      ({name, section}) => name === sample.function && section === sample.section,
    )
    if (program === undefined) return {skipped: true, reason: 'no such program in the object'}
    const input = objectInput(program, object, types)
    if ('notJudged' in input) return {skipped: true, reason: input.notJudged}
    const {ok, problem} = verify(input)
    if (ok === (sample.kernel === 'accept')) return undefined
    const reason = ok ? 'is accepted' : `is refused at ${problem?.at}: ${problem?.message}`
    return {skipped: false, reason}
  } catch (error) {
    return {skipped: false, reason: error instanceof Error ? error.message : String(error)}
  }
}
