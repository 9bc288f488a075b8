/** A log of the walk in the kernel's manner: instructions as they are walked, with the registers that changed. */
import {disassemble} from '../bpf/disassembler.ts'
import {decode} from '../bpf/instruction.ts'
import {kindOf, type Register} from './machine/register.ts'
import {currentFrame, type State} from './machine/state.ts'
import {constOf} from './values/value.ts'
import type {VerifierResult} from './verify.ts'

/** Lines that are kept: the last ones, where a program is refused. */
const MAX_LINES = 20_000

/** Writes the log of one verdict. */
export interface KernelStyleLog {
  /** For the verifier's options. */
  readonly trace: (at: number, state: State) => void
  /** The log's text, once the verdict is known. */
  readonly finish: (result: VerifierResult) => string
}

/** A new log for a program. */
export function kernelStyleLog(code: Buffer): KernelStyleLog {
  const texts = instructionTexts(code)
  let lines: string[] = []
  let cut = 0
  let last: readonly string[] = []
  let previous = -1
  const trace = (at: number, state: State): void => {
    const {registers} = currentFrame(state)
    const shown = registers.map((register, number) => registerText(register, number))
    const isJump = previous >= 0 && at !== previous + 1 && at !== previous + 2
    if (isJump || previous < 0) {
      const all = shown.filter(text => text !== '').join(' ')
      lines.push(previous < 0 ? `${at}: ${all}` : `from ${previous} to ${at}: ${all}`)
    } else {
      const changed = shown.filter((text, number) => text !== '' && text !== last[number])
      if (changed.length > 0) lines.push(`${at}: ${changed.join(' ')}`)
    }
    lines.push(texts.get(at) ?? `${at}: ?`)
    last = shown
    previous = at
    if (lines.length < 2 * MAX_LINES) return
    cut += lines.length - MAX_LINES
    lines = lines.slice(-MAX_LINES)
  }
  const finish = ({problem, stats}: VerifierResult): string => {
    const head = cut > 0 ? [`(${cut} lines before)`] : []
    const end = `processed ${stats.visits} insns, ${stats.states} states, at most ${stats.peak} branches open`
    const said = problem === undefined ? [] : [problem.message]
    return `${[...head, ...lines, ...said, end].join('\n')}\n`
  }
  return {trace, finish}
}

function instructionTexts(code: Buffer): Map<number, string> {
  try {
    return new Map(disassemble(decode(code)).map(line => [Number.parseInt(line, 10), line.trim()]))
  } catch {
    // Bytes that are no instructions are refused before any is walked.
    return new Map()
  }
}

function registerText(register: Register, number: number): string {
  if (register === undefined) return ''
  const value = register.kind === 'scalar' ? register.value : register.variable
  const constant = constOf(value)
  const {smin, smax, umin, umax} = value.wide
  const {value: bits, mask} = value.tnum
  const range = `smin=${smin},smax=${smax},umin=${umin},umax=${umax},var_off=(0x${bits.toString(16)}; 0x${mask.toString(16)})`
  if (register.kind === 'scalar')
    return `R${number}=${constant === undefined ? `scalar(${range})` : constant}`
  const moved =
    constant === undefined
      ? `off=${register.off},${range}`
      : `off=${register.off + Number(constant)}`
  return `R${number}=${kindOf(register).replaceAll(' ', '_')}(${moved})`
}
