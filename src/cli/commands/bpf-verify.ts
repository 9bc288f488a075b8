import type {BpfObject, ObjectProgram} from '../../bpf/elf/object-model.ts'
import {tryJudge} from '../../sensor/object/judge.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'
import {type ObjectArgs, readObject, shownName} from './object-file.ts'

/** What a verifier says of a program. */
export interface Judgement {
  readonly accepted: boolean
  /** Slot of the instruction that it was rejected for, when that is known. */
  readonly slot: number | undefined
  /** Empty for an accepted program. */
  readonly reason: string
}

/** A verifier: ours, or the kernel's. */
export type Judge = (program: ObjectProgram, object: BpfObject) => Judgement

/**
 * Prints a verdict on each program of an object file.
 * @param judges by name, in the order of the columns
 * @returns 0 when every judge accepts every program, else 1
 * @throws CodedError see `readObject`
 */
export function runBpfVerify(
  {path, json}: ObjectArgs,
  judges: ReadonlyMap<string, Judge>,
  io: Pick<CliIo, 'stdout'>,
): number {
  const object = readObject(path)
  const rows = object.programs.flatMap(program =>
    [...judges].map(([judge, ask]) => ({program, judge, ...ask(program, object)})),
  )
  if (json) {
    const entries = rows.map(({program, judge, accepted, slot, reason}) => ({
      program: program.name,
      section: program.section,
      judge,
      accepted,
      instruction: slot ?? null,
      reason,
    }))
    io.stdout(`${JSON.stringify(entries)}\n`)
  } else {
    for (const {program, judge, accepted, slot, reason} of rows) {
      const name = `${program.name} (${program.section}) by ${judge}`
      const where = slot === undefined ? '' : ` at instruction ${slot}`
      io.stdout(`${shownName(accepted ? `accept ${name}` : `reject ${name}${where}: ${reason}`)}\n`)
    }
  }
  return rows.every(({accepted}) => accepted) ? EXIT.ok : EXIT.findings
}

/** The kernel as a judge: loads the program and unloads it again. */
export const kernelJudge: Judge = (program, object) => tryJudge(program, object)
