import type {Btf} from '../../bpf/btf.ts'
import type {BpfObject, ObjectProgram} from '../../bpf/elf/object-model.ts'
import {CodedError} from '../../diagnostics/error.ts'
import {objectInput} from '../../verifier/object-input.ts'
import {reportDetails} from '../../verifier/report.ts'
import {verify} from '../../verifier/verify.ts'

/** Kinds of program that only look on, and run by themselves once they are attached. */
const OBSERVING: ReadonlySet<string> = new Set(['tracepoint', 'raw_tp', 'tp_btf', 'perf_event'])
/** Program type of raw tracepoints that may write what they are given (linux v6.8 include/uapi/linux/bpf.h). */
const RAW_TRACEPOINT_WRITABLE = 24
/** Helpers that change what other programs do, by number (same file, `___BPF_FUNC_MAPPER`). */
const MEDDLING: ReadonlyMap<number, string> = new Map([
  [36, 'bpf_probe_write_user'],
  [58, 'bpf_override_return'],
  [109, 'bpf_send_signal'],
  [117, 'bpf_send_signal_thread'],
])
const CALL = 0x85
/** Instructions walked over all paths, at most: some seconds, in which the main thread does nothing else. */
const MAX_VISITS = 200_000

/**
 * Judges the programs of a probe without loading them: they only look on, and our verifier accepts them.
 * @param types the kernel's types, asked for only when a program depends on them
 * @throws CodedError PROBE_INVALID, PROBE_REFUSED with the verifier's log, OBJECT_INVALID
 */
export function judgeProbe(object: BpfObject, types: () => Btf): void {
  if (object.programs.length === 0)
    throw new CodedError('PROBE_INVALID', 'the object has no program')
  for (const program of object.programs) {
    requireObserving(program)
    const what = `program ${program.name} (${program.section})`
    const input = objectInput(program, object, types)
    if ('notJudged' in input)
      throw new CodedError('PROBE_REFUSED', `${what} cannot be judged: ${input.notJudged}`)
    const result = verify(input, {maxVisits: MAX_VISITS})
    if (result.ok) continue
    const where = result.problem === undefined ? '' : ` at instruction ${result.problem.at}`
    throw new CodedError(
      'PROBE_REFUSED',
      `${what} is refused by our verifier${where}: ${result.problem?.message ?? 'no reason'}`,
      {
        hint: 'detector bpf verify says more',
        log: reportDetails(input.code, result, () => undefined),
      },
    )
  }
}

function requireObserving({name, section, kind, instructions}: ObjectProgram): void {
  if (kind === undefined || !OBSERVING.has(kind.kind) || kind.type === RAW_TRACEPOINT_WRITABLE)
    throw new CodedError('PROBE_INVALID', `program ${name} is of section ${section}`, {
      hint: `programs of probes are of the sections ${[...OBSERVING].join(', ')}`,
    })
  for (const {opcode, src, imm} of instructions) {
    const helper = opcode === CALL && src === 0 ? MEDDLING.get(imm) : undefined
    if (helper !== undefined)
      throw new CodedError(
        'PROBE_INVALID',
        `program ${name} calls ${helper}: a probe only looks on`,
      )
  }
}
