import assert from 'node:assert/strict'
import {existsSync, readFileSync} from 'node:fs'
import {describe, it} from 'mocha'
import {BTF_KIND, Btf} from '../../src/bpf/btf.ts'

/** Builds a BTF blob from type records and their names. */
function mkBtf(types: readonly (readonly number[])[], names: readonly string[]): Buffer {
  const strings = Buffer.from(`\0${names.join('\0')}\0`)
  const body = Buffer.concat(types.map(words => Buffer.from(Uint32Array.from(words).buffer)))
  const header = Buffer.alloc(24)
  header.writeUInt16LE(0xeb9f, 0)
  header.writeUInt8(1, 2)
  header.writeUInt32LE(24, 4)
  header.writeUInt32LE(0, 8)
  header.writeUInt32LE(body.length, 12)
  header.writeUInt32LE(body.length, 16)
  header.writeUInt32LE(strings.length, 20)
  return Buffer.concat([header, body, strings])
}

const kind = (number: number, entries = 0, flag = 0): number =>
  ((flag << 31) | (number << 24) | entries) >>> 0
// "int" at 1, "outer" at 5, "a" at 11, "deep" at 13, "flag" at 18, "list" at 23, "places" at 28.
const NAMES = ['int', 'outer', 'a', 'deep', 'flag', 'list', 'places']
const INT = [1, kind(BTF_KIND.INT), 4, 32]
/** struct { int deep; } without a name. */
const ANONYMOUS = [0, kind(BTF_KIND.STRUCT, 1), 4, 13, 1, 0]
/** int[3] */
const ARRAY = [0, kind(BTF_KIND.ARRAY), 0, 1, 1, 3]
/** struct outer { int a; struct { int deep; }; int flag:3; int list[3]; } with bit offsets. */
const OUTER = [
  5,
  kind(BTF_KIND.STRUCT, 4, 1),
  24,
  11,
  1,
  0,
  0,
  2,
  32,
  18,
  1,
  (3 << 24) | 70,
  23,
  3,
  96,
]

/** enum places { a = 0, list = 7 }; */
const PLACES = [28, kind(BTF_KIND.ENUM, 2), 4, 11, 0, 23, 7]

describe('Btf', () => {
  const btf = new Btf(mkBtf([INT, ANONYMOUS, ARRAY, OUTER, PLACES], NAMES))
  const outer = btf.find('outer', BTF_KIND.STRUCT)!

  it('finds types by name and kind', () => {
    assert.equal(outer, 4)
    assert.equal(btf.find('outer', BTF_KIND.UNION), undefined)
    assert.equal(btf.find('oute', BTF_KIND.STRUCT), undefined)
    assert.equal(btf.nameOf(outer), 'outer')
  })

  it('finds enumerators', () => {
    const places = btf.find('places', BTF_KIND.ENUM)!
    assert.deepEqual(
      ['a', 'list', 'deep'].map(name => btf.enumerator(places, name)),
      [0, 7, undefined],
    )
    assert.equal(btf.enumerator(outer, 'a'), undefined)
  })

  it('finds members, also inside anonymous structs', () => {
    assert.equal(btf.member(outer, 'a')?.offset, 0)
    assert.equal(btf.member(outer, 'deep')?.offset, 4)
    assert.equal(btf.member(outer, 'none'), undefined)
  })

  it('reads bit fields through the storage of their type', () => {
    assert.deepEqual(btf.member(outer, 'flag'), {
      offset: 8,
      type: 1,
      size: 4,
      bits: {shift: 6, width: 3},
    })
  })

  it('knows sizes and elements of arrays', () => {
    const list = btf.member(outer, 'list')!
    assert.equal(list.size, 12)
    assert.equal(btf.elementOf(list.type), 1)
  })

  const broken: readonly {name: string; bytes: Buffer; want: RegExp}[] = [
    {name: 'other bytes', bytes: Buffer.alloc(64), want: /wrong magic/},
    {name: 'a cut blob', bytes: mkBtf([INT], NAMES).subarray(0, 30), want: /cut/},
    {name: 'an unknown kind', bytes: mkBtf([[0, kind(30), 0]], NAMES), want: /unknown kind 30/},
  ]
  for (const {name, bytes, want} of broken) {
    it(`refuses ${name}`, () => assert.throws(() => new Btf(bytes), want))
  }

  it('reads the running kernel', function () {
    const path = '/sys/kernel/btf/vmlinux'
    if (!existsSync(path)) this.skip()
    const kernel = new Btf(readFileSync(path))
    const task = kernel.find('task_struct', BTF_KIND.STRUCT)!
    assert.equal(kernel.member(task, 'comm')?.size, 16)
    assert.ok(kernel.pointee(kernel.member(task, 'real_parent')!.type) === task)
  })
})
