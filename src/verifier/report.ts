import {disassemble} from '../bpf/disassembler.ts'
import {decode} from '../bpf/instruction.ts'
import type {VerifierResult} from './verify.ts'

/** A verdict for people: the instruction, the cause, what the registers held and which branches led there. */
export function reportText(code: Buffer, {ok, problem, stats}: VerifierResult): string {
  if (ok || problem === undefined)
    return `accepted after ${stats.visits} instructions, ${stats.states} states\n`
  const lines = [`refused at ${problem.at} (${problem.rule}): ${problem.message}`]
  const text = instructionText(code, problem.at)
  if (text !== undefined) lines.push(`  ${text}`)
  if (problem.hint !== undefined) lines.push(`hint: ${problem.hint}`)
  if (problem.path.length > 0) lines.push(`path: ${problem.path.join(', ')}`)
  lines.push(...problem.registers.map(register => `  ${register}`))
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
