import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {Assembler} from '../../src/bpf/assembler.ts'
import {disassemble} from '../../src/bpf/disassembler.ts'
import {decode, encode, type Instruction, LD_IMM64} from '../../src/bpf/instruction.ts'

/** Encodings taken from the kernel's instruction set document and checked against clang's output. */
const cases: readonly {
  name: string
  build: (asm: Assembler) => Assembler
  hex: string
  text: string
}[] = [
  {name: 'a register move', build: asm => asm.mov(6, 1), hex: 'bf16000000000000', text: 'r6 = r1'},
  {
    name: 'a small immediate',
    build: asm => asm.movImm(0, -1),
    hex: 'b7000000ffffffff',
    text: 'r0 = -1',
  },
  {
    name: 'an immediate that needs two slots',
    build: asm => asm.movImm(3, 0x1_0000_0002n),
    hex: '18030000020000000000000001000000',
    text: 'r3 = 4294967298 ll',
  },
  {
    name: 'a load',
    build: asm => asm.load(4, 1, 6, 8),
    hex: '6161080000000000',
    text: 'r1 = *(u32 *)(r6 + 8)',
  },
  {
    name: 'a byte store',
    build: asm => asm.storeImm(1, 10, -8, 7),
    hex: '720af8ff07000000',
    text: '*(u8 *)(r10 - 8) = 7',
  },
  {
    name: 'a register store',
    build: asm => asm.store(8, 10, -16, 0),
    hex: '7b0af0ff00000000',
    text: '*(u64 *)(r10 - 16) = r0',
  },
  {
    name: 'an atomic addition',
    build: asm => asm.atomicAdd(0, 0, 1),
    hex: 'db10000000000000',
    text: 'lock *(u64 *)(r0) += r1',
  },
  {
    name: 'a helper call',
    build: asm => asm.call('get_current_task_btf'),
    hex: '850000009e000000',
    text: 'call get_current_task_btf',
  },
  {name: 'a narrow move', build: asm => asm.mov32(1, 1), hex: 'bc11000000000000', text: 'w1 = w1'},
  {name: 'an exit', build: asm => asm.exit(), hex: '9500000000000000', text: 'exit'},
]

describe('assembler', () => {
  for (const {name, build, hex, text} of cases) {
    it(`encodes ${name}`, () => {
      const instructions = build(new Assembler()).finish()
      assert.equal(encode(instructions).toString('hex'), hex)
      assert.deepEqual(disassemble(instructions), [`   0: ${text}`])
    })
  }

  it('counts jump distances in slots, wide loads being two', () => {
    const asm = new Assembler()
    const end = asm.label('end')
    const instructions = asm
      .jumpIfImm('jeq', 1, 0, end)
      .movImm(2, 1n << 40n)
      .place(end)
      .exit()
      .finish()
    assert.equal(instructions[0]?.off, 2)
    assert.deepEqual(disassemble(instructions)[0], '   0: if r1 == 0 goto 3')
  })

  it('jumps backwards', () => {
    const asm = new Assembler()
    const loop = asm.label('loop')
    const instructions = asm
      .place(loop)
      .aluImm('add', 1, 1)
      .jumpIfImm('jlt', 1, 9, loop)
      .exit()
      .finish()
    assert.equal(instructions[1]?.off, -2)
  })

  it('refuses a label that was never placed, or twice', () => {
    const asm = new Assembler()
    const label = asm.label('nowhere')
    assert.throws(() => asm.jump(label).finish(), /nowhere is not placed/)
    asm.place(label)
    assert.throws(() => asm.place(label), /placed twice/)
  })

  it('refuses an immediate of more than 32 bits where only 32 fit', () => {
    assert.throws(() => new Assembler().aluImm('add', 1, 2 ** 31), /no 32-bit immediate/)
  })

  it('puts the descriptor of a map where its name stands', () => {
    const instructions = new Assembler().loadMap(1, 'events').finish()
    assert.equal(encode(instructions, () => 7).toString('hex'), '18110000070000000000000000000000')
    assert.throws(() => encode(instructions, () => undefined), /no descriptor for map events/)
    assert.deepEqual(disassemble(instructions), ['   0: r1 = map[events]'])
  })
})

const byte = fc.integer({min: 0, max: 255})
const plain = fc
  .record({
    opcode: byte.filter(opcode => opcode !== LD_IMM64),
    dst: fc.integer({min: 0, max: 15}),
    src: fc.integer({min: 0, max: 15}),
    off: fc.integer({min: -32768, max: 32767}),
    imm: fc.integer({min: -(2 ** 31), max: 2 ** 31 - 1}),
  })
  .map((instruction): Instruction => ({...instruction}))
const wide = fc
  .record({
    dst: fc.integer({min: 0, max: 10}),
    imm64: fc.bigInt({min: -(1n << 63n), max: (1n << 63n) - 1n}),
  })
  .map(
    ({dst, imm64}): Instruction => ({
      opcode: LD_IMM64,
      dst,
      src: 0,
      off: 0,
      imm: Number(BigInt.asIntN(32, imm64)),
      imm64,
    }),
  )

describe('instruction encoding', () => {
  it('decodes what it encodes, whatever the instruction', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, wide), {maxLength: 20}), instructions => {
        assert.deepEqual(decode(encode(instructions)), instructions)
        assert.equal(disassemble(instructions).length, instructions.length)
      }),
    )
  })

  it('refuses bytes that are no whole instructions', () => {
    assert.throws(() => decode(Buffer.alloc(7)), RangeError)
    assert.throws(() => decode(Buffer.from('1803000002000000', 'hex')), /is cut/)
  })
})
