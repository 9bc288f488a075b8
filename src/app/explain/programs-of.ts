import {disassemble} from '../../bpf/disassembler.ts'
import {slotsOf} from '../../bpf/instruction.ts'
import {attachNames, type ProgramSpec} from '../../bpf/specs.ts'
import {capturePrograms} from '../../compiler/bpf/capture.ts'
import {DEFAULT_RING_SIZES} from '../../compiler/bpf/lane.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import type {ExplainedSet} from './explain-rules.ts'

/** A generated program, readable. */
export interface ShownProgram {
  readonly kind: string
  readonly name: string
  /** Where it runs, for people. */
  readonly at: string
  readonly slots: number
  readonly instructions: readonly string[]
}

/**
 * The programs that the kinds of the explained rules become, with the filter of all rules that are loaded. The process id of the
 * detector, a constant of each, stands as 0.
 *
 * @throws CodedError SENSOR_… when this kernel does not describe its types
 */
export function programsOf({rules, plan, hooks}: ExplainedSet): ShownProgram[] {
  if (!hooks.known) throw hooks.error
  const {btf} = hooks
  const setting = {btf, selfPid: 0, hooks: hooks.plan, rings: DEFAULT_RING_SIZES}
  const indexes = new Set(rules.flatMap(({kinds}) => kinds.map(({index}) => index)))
  return [...indexes]
    .sort((left, right) => left - right)
    .flatMap(index => {
      const request = plan.kinds.get(index)
      if (request === undefined) return []
      return capturePrograms(index, request, setting).map(spec =>
        shown(CAPTURES[index]!.kind, spec),
      )
    })
}

function shown(kind: string, {name, attach, instructions}: ProgramSpec): ShownProgram {
  const at =
    attach.kind === 'tail_call'
      ? `tail call from ${attach.hook}/${attach.tracepoint} through ${attach.map}[${attach.slot}] of each half`
      : attachNames(attach).join(' ')
  const slots = instructions.reduce((sum, instruction) => sum + slotsOf(instruction), 0)
  return {kind, name, at, slots, instructions: disassemble(instructions)}
}
