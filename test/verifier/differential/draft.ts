import {happens, type Numbers, pick} from './numbers.ts'

/** One slot to be encoded. */
export interface Word {
  opcode: number
  dst: number
  src: number
  off: number
  imm: number
}

/** What a register is thought to hold. Paths are not told apart, so it is a guess. */
export type Kind = 'none' | 'number' | 'ctx' | 'value' | 'record' | 'stack'

interface Open {
  readonly word: Word
  readonly from: number
  /** How many boundaries ahead the jump goes. */
  ahead: number
}

/** Functions of one program at most, the main one included. */
const MAX_FUNCTIONS = 4
const IMMEDIATES = [0, 1, 2, 3, 7, 8, 15, 16, 31, 63, 64, 127, 255, 256, 0xffff, 0x7fff_ffff]

/** A program being written: slots, guesses on registers, and jumps without a target yet. */
export class Draft {
  readonly words: Word[] = []
  readonly starts: number[] = []
  readonly kinds: Kind[] = new Array<Kind>(10).fill('none')
  readonly #next: Numbers
  readonly #calls: {readonly word: Word; readonly at: number; readonly target: number}[] = []
  #open: Open[] = []
  #functions = 1

  constructor(next: Numbers) {
    this.#next = next
  }

  emit(opcode: number, dst: number, src: number, off: number, imm: number): Word {
    const word = {opcode, dst, src, off, imm}
    this.words.push(word)
    return word
  }

  /** Starts a function that is given this many arguments. */
  begin(args: number): void {
    const isMain = this.starts.length === 0
    this.starts.push(this.words.length)
    this.kinds.fill('none')
    for (let number = 1; number <= args; number++)
      this.kinds[number] = isMain ? 'ctx' : pick(this.#next, ['number', 'number', 'value', 'stack'])
  }

  /** Where jumps may go. */
  boundary(): void {
    for (const open of this.#open) open.ahead--
    this.#open = this.#open.filter(({word, from, ahead}) => {
      if (ahead > 0) return true
      word.off = this.words.length - from - 1
      return false
    })
  }

  /** A jump some boundaries ahead; behind the last one it goes to the end. */
  jumpAhead(opcode: number, dst: number, src: number, imm: number, ahead: number): void {
    const from = this.words.length
    this.#open.push({word: this.emit(opcode, dst, src, 0, imm), from, ahead})
  }

  end(): void {
    for (const {word, from} of this.#open.splice(0)) word.off = this.words.length - from - 1
    this.emit(0xb7, 0, 0, 0, happens(this.#next, 90) ? 0 : 1)
    this.emit(0x95, 0, 0, 0, 0)
  }

  /** The number of a function, new or called before. */
  function(): number {
    if (this.#functions < MAX_FUNCTIONS && (this.#functions === 1 || happens(this.#next, 50)))
      return this.#functions++
    return 1 + this.#next(this.#functions - 1)
  }

  /** Calls a function, or loads its address. */
  refer(target: number, word: Word): void {
    this.#calls.push({word, at: this.words.indexOf(word), target})
  }

  wantsFunction(): boolean {
    return this.starts.length < this.#functions
  }

  finish(): Word[] {
    for (const {word, at, target} of this.#calls) word.imm = (this.starts[target] ?? 0) - at - 1
    return this.words
  }

  copy(dst: number, src: number): void {
    this.emit(0xbf, dst, src, 0, 0)
    this.kinds[dst] = src === 10 ? 'stack' : this.kinds[src]!
  }

  anyImmediate(): number {
    const value = pick(this.#next, IMMEDIATES)
    switch (this.#next(6)) {
      case 0:
        return -value - this.#next(2)
      case 1:
        return (this.#next(0x1_0000) << 16) | this.#next(0x1_0000)
      case 2:
        return 1 << this.#next(32)
      default:
        return value
    }
  }

  /** A result of a helper, often masked. */
  numberFrom(dst: number, helper: number): void {
    this.call(helper)
    this.copy(dst, 0)
    this.kinds[dst] = 'number'
    this.kinds[0] = 'number'
    if (happens(this.#next, 60))
      this.emit(0x57, dst, 0, 0, pick(this.#next, [1, 3, 7, 8, 15, 16, 31, 63, 255, -8, 0x7fff]))
  }

  /** A helper call: the arguments are lost. */
  call(helper: number): void {
    this.emit(0x85, 0, 0, 0, helper)
    this.kinds.fill('none', 0, 6)
  }

  /** A register that may hold this; mostly undefined when none is thought to. */
  find(kind: Kind): number | undefined {
    const found = [...this.kinds.keys()].filter(number => this.kinds[number] === kind)
    if (found.length > 0) return pick(this.#next, found)
    return happens(this.#next, 2) ? this.#next(10) : undefined
  }

  wide(dst: number, src: number, low: number, high: number): Word {
    const word = this.emit(0x18, dst, src, 0, low)
    this.emit(0, 0, 0, 0, high)
    return word
  }
}
