import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {ProbeDef, ProbeMember} from '../../../src/schema/probe.ts'
import {ProbeDecoder, ProbeEvent} from '../../../src/sensor/probes/probe-event.ts'

const mkDef = (...members: ProbeMember[]): ProbeDef => ({
  name: 'p',
  index: 2,
  struct: 's',
  recordBytes: 24,
  members,
})
const BYTES = Buffer.from('fffefdfc8081828384858687610062630100000000000000', 'hex')

describe('records of probes', () => {
  const cases: readonly {
    readonly name: string
    readonly member: Omit<ProbeMember, 'name'>
    readonly want: unknown
  }[] = [
    {name: 'u8', member: {type: 'uint8', offset: 0, size: 1}, want: 255},
    {name: 's8', member: {type: 'int8', offset: 1, size: 1}, want: -2},
    {name: 'u16', member: {type: 'uint16', offset: 0, size: 2}, want: 0xfeff},
    {name: 's32', member: {type: 'int32', offset: 0, size: 4}, want: 0xfcfdfeff - 2 ** 32},
    {name: 'u32', member: {type: 'uint32', offset: 0, size: 4}, want: 0xfcfdfeff},
    {name: 'u64', member: {type: 'uint64', offset: 4, size: 8}, want: 0x8786858483828180n},
    {
      name: 's64',
      member: {type: 'int64', offset: 4, size: 8},
      want: 0x8786858483828180n - 2n ** 64n,
    },
    {name: 'a small u64', member: {type: 'uint64', offset: 16, size: 8}, want: 1},
    {name: 'text to its NUL', member: {type: 'string', offset: 12, size: 4}, want: 'a'},
    {name: 'text without NUL', member: {type: 'string', offset: 14, size: 2}, want: 'bc'},
    {name: 'bytes', member: {type: 'bytebuf', offset: 12, size: 4}, want: 'a\0bc'},
    {name: 'true', member: {type: 'bool', offset: 0, size: 1}, want: 1},
    {name: 'false', member: {type: 'bool', offset: 17, size: 1}, want: 0},
    {
      name: 'unsigned bits',
      member: {type: 'uint32', offset: 4, size: 4, bits: {shift: 7, width: 3}},
      want: 0b011,
    },
    {
      name: 'signed bits',
      member: {type: 'int32', offset: 0, size: 4, bits: {shift: 6, width: 3}},
      want: 0b011,
    },
  ]
  for (const {name, member, want} of cases)
    it(`hold ${name}`, () => {
      const decoder = new ProbeDecoder(mkDef({name: 'm', ...member}))
      assert.equal(decoder.get(BYTES, 'm'), want)
      assert.equal(decoder.get(BYTES, '__proto__'), undefined)
    })

  it('say when and in which thread', () => {
    const decoder = new ProbeDecoder(
      mkDef(
        {name: 'timestamp', type: 'uint64', offset: 16, size: 8},
        {name: 'pid', type: 'uint32', offset: 0, size: 4},
        {name: 'tid', type: 'int32', offset: 12, size: 4},
      ),
    )
    assert.equal(decoder.bootNsOf(BYTES, 5n), 1n)
    const event = new ProbeEvent({bootNs: 100n})
    event.moveTo({probe: decoder, bytes: BYTES, bootNs: 1n, generation: 1})
    assert.equal(event.timeNs(), 101n)
    assert.equal(event.tid, 0x63620061)
    assert.equal(event.def.name, 'probe.p')
    assert.deepEqual(event.def.flags, [])
  })

  it('happened no later than they were read', () => {
    const decoder = new ProbeDecoder(mkDef({name: 'timestamp', type: 'uint64', offset: 4, size: 8}))
    assert.equal(decoder.bootNsOf(BYTES, 7n), 7n)
  })

  it('without a thread are about none', () => {
    const decoder = new ProbeDecoder(mkDef({name: 'pid', type: 'uint64', offset: 0, size: 8}))
    assert.equal(decoder.tidOf(BYTES), 0)
    assert.deepEqual(decoder.event.flags, ['skip_parser_reset'])
  })
})
