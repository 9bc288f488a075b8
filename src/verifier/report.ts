import {disassemble} from '../bpf/disassembler.ts'
import {decode} from '../bpf/instruction.ts'
import type {VerifierResult} from './verify.ts'

/** A verdict for people: the cause, and what {@link reportDetails} says. */
export function reportText(code: Buffer, result: VerifierResult): string {
  const {ok, problem, stats} = result
  if (ok || problem === undefined)
    return `accepted after ${stats.visits} instructions, ${stats.states} states\n`
  const head = `refused at ${problem.at} (${problem.rule}): ${problem.message}\n`
  return `${head}${reportDetails(code, result)}`
}

/**
 * What is known of a refusal besides its cause: the instruction, the source line, how to mend it, which branches led there and what
 * the registers held. Empty for an accepted program.
 */
export function reportDetails(
  code: Buffer,
  {problem}: VerifierResult,
  sourceLine: (slot: number) => string | undefined = () => undefined,
): string {
  if (problem === undefined) return ''
  const text = instructionText(code, problem.at)
  const source = sourceLine(problem.at)
  const lines = [
    ...(text === undefined ? [] : [`  ${text}`]),
    ...(source === undefined ? [] : [`  ${source}`]),
    `rule: ${problem.rule}`,
    ...(problem.hint === undefined ? [] : [`hint: ${problem.hint}`]),
    ...(problem.path.length === 0 ? [] : [`path: ${problem.path.join(', ')}`]),
    ...problem.registers.map(register => `  ${register}`),
  ]
  return `${lines.join('\n')}\n`
}

function instructionText(code: Buffer, at: number): string | undefined {
  try {
    const prefix = `${String(at).padStart(4)}: `
    return disassemble(decode(code)).find(line => line.startsWith(prefix))
  } catch {
    // Bytes that are no instructions have no text.
    return undefined
  }
}
