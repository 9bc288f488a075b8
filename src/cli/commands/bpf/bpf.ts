import {readRuleFiles} from '../../../app/rules/rule-files.ts'
import {capturePlanOf, compileRuleSet} from '../../../app/rules/rule-set.ts'
import {disassemble} from '../../../bpf/disassembler.ts'
import {slotsOf} from '../../../bpf/instruction.ts'
import {type AttachPoint, attachNames, type ProgramSpec} from '../../../bpf/specs.ts'
import {planHooks} from '../../../compiler/bpf/hook-plan.ts'
import {kernelPrograms} from '../../../compiler/bpf/kernel-programs.ts'
import {DEFAULT_RING_SIZES} from '../../../compiler/bpf/lane.ts'
import {OBJECT_PREFIX} from '../../../compiler/bpf/tracepoints.ts'
import {CodedError} from '../../../diagnostics/error.ts'
import {listObjects} from '../../../sensor/bpf-syscall.ts'
import {checkKernel, readHookFacts} from '../../../sensor/capabilities.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import type {BpfArgs} from '../../run-args.ts'

/** Runs `detector bpf`. @throws CodedError when rules are invalid or the kernel does not answer. */
export async function runBpf(args: BpfArgs, io: Pick<CliIo, 'stdout'>): Promise<number> {
  if (args.action === 'show') showLoaded(args, io)
  else await disassembleRules(args, io)
  return EXIT.ok
}

/** Prints the programs that these rules become on this kernel. Loads nothing. */
async function disassembleRules(args: BpfArgs, io: Pick<CliIo, 'stdout'>): Promise<void> {
  const {files} = await readRuleFiles(args.rules)
  const set = compileRuleSet(files, {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  if (!set.usable) {
    throw new CodedError('RULE_INVALID', 'the rules are invalid', {
      hint: `run: detector validate ${args.rules.join(' ')}`,
    })
  }
  // The detector's own process id is a constant of the programs; none is running here.
  const btf = checkKernel()
  const plan = capturePlanOf(set)
  const hooks = planHooks(plan, readHookFacts(btf))
  const programs = kernelPrograms(plan, {btf, selfPid: 0, hooks, rings: DEFAULT_RING_SIZES})
  if (args.json) {
    const entries = programs.map(({name, attach, instructions}) => ({
      name,
      attach,
      instructions: disassemble(instructions),
    }))
    io.stdout(`${JSON.stringify(entries)}\n`)
    return
  }
  io.stdout(programs.map(programText).join('\n'))
}

function programText({name, attach, instructions}: ProgramSpec): string {
  const slots = instructions.reduce((sum, instruction) => sum + slotsOf(instruction), 0)
  return `${name}: ${attachText(attach)}, ${slots} instructions\n${disassemble(instructions).join('\n')}\n`
}

function attachText(attach: AttachPoint): string {
  if (attach.kind !== 'tail_call') return attachNames(attach).join(' ')
  return `tail call from ${attach.hook}/${attach.tracepoint} through ${attach.map}[${attach.slot}] of each half`
}

/** Prints what a running detector has in the kernel. Run counts are kept only while kernel statistics are on. */
function showLoaded(args: BpfArgs, io: Pick<CliIo, 'stdout'>): void {
  const ours = (kind: 'program' | 'map') =>
    listObjects(kind).filter(({name}) => name.startsWith(OBJECT_PREFIX))
  const programs = ours('program').map(({id, name, size, runCount, runTimeNs}) => ({
    id,
    name,
    machine_code_bytes: size,
    run_count: Number(runCount),
    run_time_ns: Number(runTimeNs),
  }))
  const maps = ours('map').map(({id, name, size, maxEntries}) => ({
    id,
    name,
    value_bytes: size,
    max_entries: maxEntries,
  }))
  if (args.json) {
    io.stdout(`${JSON.stringify({programs, maps})}\n`)
    return
  }
  const lines = [`${programs.length} programs, ${maps.length} maps`]
  for (const {id, name, machine_code_bytes, run_count, run_time_ns} of programs) {
    const runs =
      run_count === 0 ? '' : `, ${run_count} runs, ${Math.round(run_time_ns / run_count)} ns each`
    lines.push(`program ${id}  ${name.padEnd(15)}  ${machine_code_bytes} bytes${runs}`)
  }
  for (const {id, name, value_bytes, max_entries} of maps) {
    lines.push(`map     ${id}  ${name.padEnd(15)}  ${max_entries} entries of ${value_bytes} bytes`)
  }
  io.stdout(`${lines.join('\n')}\n`)
}
