import assert from 'node:assert/strict'
import {writeFileSync} from 'node:fs'
import {join, relative} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {disassemble} from '../../../src/bpf/disassembler.ts'
import {parseObject} from '../../../src/bpf/elf/object.ts'
import type {BpfObject} from '../../../src/bpf/elf/object-model.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {packageRoot} from '../../../src/paths.ts'
import {type Objects, objectFolder, requireClang} from '../../support/compile-bpf.ts'

describe('parseObject', () => {
  let objects: Objects
  let hello: Buffer
  let maps: BpfObject

  before(function () {
    this.timeout(60_000)
    requireClang(this)
    objects = objectFolder()
    hello = objects.bytes('examples/hello/hello.bpf.c')
    maps = parseObject(objects.bytes('test/testdata/bpf/maps.bpf.c'))
  })
  after(() => objects?.remove())

  /** Compiles a text. */
  const compiled = (text: string, options?: {debug: boolean}): Buffer => {
    const file = join(objects.folder, 'text.bpf.c')
    writeFileSync(file, `#include "${packageRoot}/test/testdata/bpf/bpf.h"\n${text}`)
    return objects.bytes(relative(packageRoot, file), options)
  }

  for (const debug of [true, false]) {
    it(`reads the classic program ${debug ? 'with' : 'without'} debug information`, () => {
      const object = parseObject(objects.bytes('examples/hello/hello.bpf.c', {debug}))
      assert.equal(object.license, 'GPL')
      assert.deepEqual(object.maps, [])
      assert.equal(object.btf !== undefined, debug)
      const [program] = object.programs
      assert.deepEqual(
        [object.programs.length, program?.name, program?.section, program?.kind?.kind],
        [1, 'hello', 'tracepoint/syscalls/sys_enter_execve', 'tracepoint'],
      )
      assert.ok(disassemble(program!.instructions).some(line => line.endsWith('call trace_printk')))
    })
  }

  it('reads maps defined by types', () => {
    const found = maps.maps.map(({name, type, keySize, valueSize, maxEntries}) => [
      name,
      type,
      keySize,
      valueSize,
      maxEntries,
    ])
    assert.deepEqual(found, [
      ['first', 2, 4, 8, 2],
      ['second', 2, 4, 8, 2],
      ['outer', 12, 4, 4, 3],
      ['samples', 1, 4, 16, 16],
      ['counts', 2, 4, 8, 4],
      ['ring', 27, 0, 0, 4096],
      ['.rodata', 2, 4, 4, 1],
      ['.data', 2, 4, 8, 1],
      ['.bss', 2, 4, 8, 1],
    ])
  })

  it('reads global data and the slots of a map of maps', () => {
    const byName = new Map(maps.maps.map(map => [map.name, map]))
    assert.equal(byName.get('.rodata')?.data?.readUInt32LE(0), 7)
    assert.equal(byName.get('.rodata')?.frozen, true)
    assert.equal(byName.get('.data')?.data?.readUInt32LE(0), 5)
    assert.deepEqual(byName.get('outer')?.slots, ['first', undefined, 'second'])
    assert.equal(byName.get('outer')?.inner?.valueSize, 8)
  })

  it('puts the functions that a program reaches behind it, once each', () => {
    const names = maps.programs.map(({functions}) => functions.map(({name}) => name))
    assert.deepEqual(names, [
      ['one', 'twice', 'add'],
      ['two', 'visit', 'add'],
    ])
    const [one, two] = maps.programs.map(({instructions, functions}) =>
      disassemble(instructions, new Map(functions.map(({name, slot}) => [slot, name]))),
    )
    const calls = (lines: readonly string[] | undefined): string[] =>
      (lines ?? []).flatMap(line => / (?:call|function) (twice|add|visit)$/.exec(line)?.[1] ?? [])
    assert.deepEqual(calls(one), ['twice', 'add', 'add'])
    assert.deepEqual(calls(two), ['visit', 'add'])
  })

  it('reads maps of the older form', () => {
    const object = parseObject(objects.bytes('test/testdata/bpf/legacy.bpf.c', {debug: false}))
    const found = object.maps.map(({name, type, valueSize, maxEntries}) => [
      name,
      type,
      valueSize,
      maxEntries,
    ])
    assert.deepEqual(found, [
      ['table', 1, 8, 32],
      ['slots', 2, 8, 2],
    ])
    const used = object.programs[0]?.instructions.flatMap(({map}) => map ?? [])
    assert.deepEqual(used, ['slots', 'table'])
  })

  const refused: {name: string; bytes: () => Buffer; want: RegExp}[] = [
    {name: 'an empty file', bytes: () => Buffer.alloc(0), want: /not an ELF file/},
    {name: 'a text', bytes: () => Buffer.alloc(100, 'a'), want: /not an ELF file/},
    {name: 'half a file', bytes: () => hello.subarray(0, hello.length / 2), want: /cut/},
    {
      name: 'an object of another machine',
      bytes: () => patchedAt(hello, 18, 62),
      want: /machine is 62/,
    },
    {name: 'a 32-bit object', bytes: () => patchedAt(hello, 4, 1), want: /64-bit/},
    {name: 'a linked file', bytes: () => patchedAt(hello, 16, 2), want: /relocatable/},
    {
      name: 'a function of the C library',
      bytes: () =>
        compiled('extern void lost(void);\nSEC("raw_tp/x") int p(void *c) { lost(); return 0; }'),
      want: /program p needs lost/,
    },
    {
      name: 'a variable of somewhere else',
      bytes: () => compiled('extern int lost;\nSEC("raw_tp/x") int p(void *c) { return lost; }'),
      want: /program p needs lost/,
    },
    {
      name: 'typed maps without types',
      bytes: () => objects.bytes('test/testdata/bpf/refused.bpf.c', {debug: false}),
      want: /described by types/,
    },
    {
      name: 'pointers in global data',
      bytes: () =>
        compiled(
          'const char *texts[] = {"a", "b"};\nSEC("raw_tp/x") int p(void *c) { return *(volatile long *)&texts[1]; }',
        ),
      want: /holds addresses/,
    },
  ]
  for (const {name, bytes, want} of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => parseObject(bytes()),
        (error: unknown) =>
          error instanceof CodedError &&
          error.code === 'OBJECT_INVALID' &&
          want.test(error.message),
      )
    })
  }
})

function patchedAt(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(value, at)
  return copy
}
