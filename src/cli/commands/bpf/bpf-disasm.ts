import {disassemble} from '../../../bpf/disassembler.ts'
import type {ObjectProgram} from '../../../bpf/elf/object-model.ts'
import {slotsOf} from '../../../bpf/instruction.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {type ObjectArgs, readObject, shownName} from './object-file.ts'

/**
 * Prints the programs of an object file as they would be loaded, with names of helpers, maps and functions. Places that
 * depend on the kernel's types stand as the compiler wrote them.
 * @throws CodedError see `readObject`
 */
export function runBpfDisasm({path, json}: ObjectArgs, io: Pick<CliIo, 'stdout'>): number {
  const {programs} = readObject(path)
  if (json) {
    const entries = programs.map(program => ({
      name: program.name,
      section: program.section,
      functions: program.functions.map(({name, slot}) => ({name, slot})),
      instructions: linesOf(program),
    }))
    io.stdout(`${JSON.stringify(entries)}\n`)
  } else io.stdout(programs.map(programText).join('\n'))
  return EXIT.ok
}

function programText(program: ObjectProgram): string {
  const slots = program.instructions.reduce((sum, instruction) => sum + slotsOf(instruction), 0)
  const head = `${program.name}: ${program.section}, ${slots} instructions`
  return `${[head, ...linesOf(program)].map(shownName).join('\n')}\n`
}

/** A program that calls nothing needs no line for its only function. */
function linesOf({instructions, functions}: ObjectProgram): string[] {
  const named = functions.length > 1 ? functions : []
  return disassemble(instructions, new Map(named.map(({slot, name}) => [slot, name])))
}
