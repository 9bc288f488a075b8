import type {BpfObject, ObjectProgram} from '../../../bpf/elf/object-model.ts'
import {tryJudge} from '../../../sensor/object/judge.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {type ObjectArgs, readObject, shownName} from './object-file.ts'
import {judgementOf, type OwnJudgeOptions} from './own-judge.ts'
import {readRawPrograms} from './raw-program.ts'

/** What a verifier says of a program. */
export interface Judgement {
  readonly accepted: boolean
  /** Slot of the instruction that it was rejected for, when that is known. */
  readonly slot: number | undefined
  /** Empty for an accepted program. */
  readonly reason: string
  /** More lines for people; empty for none. */
  readonly details: string
}

/** A verifier: ours, or the kernel's. */
export type Judge = (program: ObjectProgram, object: BpfObject) => Judgement

interface Row extends Judgement {
  readonly program: string
  readonly section: string
  readonly judge: string
}

/**
 * Prints a verdict on each program of an object file. Where both judges are asked and ours accepts what the kernel rejects, a line
 * says so: that is an error of ours.
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
    [...judges].map(([judge, ask]) => ({
      program: program.name,
      section: program.section,
      judge,
      ...ask(program, object),
    })),
  )
  return printRows(rows, json, io)
}

/**
 * Prints our verdict on programs in JSON.
 * @returns 0 when all are accepted, else 1
 * @throws CodedError see `readRawPrograms`
 */
export function runRawVerify(
  {path, json}: ObjectArgs,
  options: OwnJudgeOptions,
  io: Pick<CliIo, 'stdout'>,
): number {
  const rows = readRawPrograms(path).map(({name, input}) => ({
    program: name,
    section: input.type,
    judge: 'detector',
    ...judgementOf(input, options),
  }))
  return printRows(rows, json, io)
}

function printRows(rows: readonly Row[], json: boolean, io: Pick<CliIo, 'stdout'>): number {
  if (json) {
    const entries = rows.map(({program, section, judge, accepted, slot, reason, details}) => ({
      program,
      section,
      judge,
      accepted,
      instruction: slot ?? null,
      reason,
      details,
    }))
    io.stdout(`${JSON.stringify(entries)}\n`)
  } else for (const row of rows) io.stdout(rowText(row))
  return rows.every(({accepted}) => accepted) ? EXIT.ok : EXIT.findings
}

function rowText({program, section, judge, accepted, slot, reason, details}: Row): string {
  const name = `${program} (${section}) by ${judge}`
  const where = slot === undefined ? '' : ` at instruction ${slot}`
  const head = accepted ? `accept ${name}` : `reject ${name}${where}: ${reason}`
  const more = details.split('\n').filter(line => line !== '')
  return `${[head, ...more.map(line => `  ${line}`)].map(shownName).join('\n')}\n`
}

/** The kernel as a judge: loads the program and unloads it again. */
export const kernelJudge: Judge = (program, object) => ({
  ...tryJudge(program, object),
  details: '',
})
