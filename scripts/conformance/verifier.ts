import {existsSync, readFileSync} from 'node:fs'
import {Btf} from '../../src/bpf/btf.ts'
import type {VerifierInput, VerifierMap, VerifierProgramType} from '../../src/verifier/input.ts'
import {verify} from '../../src/verifier/verify.ts'
import {readSuite, runCases, type SuiteResult} from './suite-files.ts'

interface MapCase {
  readonly type: string
  readonly key_size: number
  readonly value_size: number
  readonly max_entries: number
  readonly flags?: number
  readonly inner?: MapCase
  readonly init?: string
  readonly frozen?: boolean
}

/** One program of the suite. */
export interface VerifierCase {
  readonly name: string
  readonly prog_type: VerifierProgramType
  readonly attach?: string
  readonly license: string
  readonly insns: readonly string[]
  readonly maps: readonly MapCase[]
  readonly expect: 'accept' | 'reject'
}

const KERNEL_TYPES = '/sys/kernel/btf/vmlinux'

/** Small programs, each with the kernel's verdict. Those that need the kernel's types use this machine's. */
export async function runVerifier(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<VerifierCase>(dir, 'verifier.json')
  if (cases === undefined) return undefined
  const btf = existsSync(KERNEL_TYPES) ? new Btf(readFileSync(KERNEL_TYPES)) : undefined
  return runCases('verifier', cases, testCase => judge(testCase, btf))
}

function judge(testCase: VerifierCase, btf: Btf | undefined): string | undefined {
  const {ok, problem} = verify(verifierInput(testCase, btf))
  if (ok === (testCase.expect === 'accept')) return undefined
  return ok ? 'is accepted' : `is refused at ${problem?.at}: ${problem?.message}`
}

/** A case as the verifier takes it. */
export function verifierInput(testCase: VerifierCase, btf: Btf | undefined): VerifierInput {
  const code = Buffer.alloc(testCase.insns.length * 8)
  testCase.insns.forEach((word, index) => {
    code.writeBigUInt64LE(BigInt(word), index * 8)
  })
  return {
    code,
    type: testCase.prog_type,
    license: testCase.license,
    maps: testCase.maps.map(mapOf),
    ...(testCase.attach === undefined ? {} : {attach: testCase.attach}),
    ...(btf === undefined ? {} : {btf}),
  }
}

function mapOf({inner, init, frozen, flags, ...map}: MapCase): VerifierMap {
  return {
    type: map.type,
    keySize: map.key_size,
    valueSize: map.value_size,
    maxEntries: map.max_entries,
    ...(flags === undefined ? {} : {flags}),
    ...(inner === undefined ? {} : {inner: mapOf(inner)}),
    ...(init === undefined ? {} : {contents: Buffer.from(init, 'hex')}),
    ...(frozen === undefined ? {} : {frozen}),
  }
}
