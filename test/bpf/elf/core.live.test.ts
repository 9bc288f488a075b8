import assert from 'node:assert/strict'
import {after, before, describe, it} from 'mocha'
import {BTF_KIND, type Btf} from '../../../src/bpf/btf.ts'
import {parseObject} from '../../../src/bpf/elf/object.ts'
import type {BpfObject} from '../../../src/bpf/elf/object-model.ts'
import {mapLookup} from '../../../src/sensor/bpf-syscall.ts'
import {readKernelBtf} from '../../../src/sensor/kernel-btf.ts'
import {indexKey} from '../../../src/sensor/map.ts'
import {attachProgram} from '../../../src/sensor/object/attach.ts'
import {loadObject} from '../../../src/sensor/object/load.ts'
import {type Objects, objectFolder, requireClang} from '../../support/compile-bpf.ts'
import {requireLive} from '../../support/live.ts'

const PLACES = 16

describe('relocations against the types of the kernel', () => {
  let objects: Objects
  let types: Btf
  let object: BpfObject
  let places: bigint[]

  before(function () {
    this.timeout(60_000)
    requireLive(this, {feature: 'relocations against the types of the kernel'})
    requireClang(this)
    objects = objectFolder()
    types = readKernelBtf()
    object = parseObject(objects.bytes('test/testdata/bpf/core.bpf.c'))
    const loaded = loadObject(object, () => types)
    const attachment = attachProgram(loaded.programs[0]!)
    try {
      const value = Buffer.alloc(PLACES * 8)
      // Reading the map is a system call, at which the program runs.
      const fd = loaded.maps.fds.get('.bss')!
      for (let tries = 0; tries < 100 && value.every(byte => byte === 0); tries++)
        assert.equal(mapLookup(fd, indexKey(0), value).value, 0)
      places = Array.from({length: PLACES}, (_, index) => value.readBigUInt64LE(index * 8))
    } finally {
      attachment.close()
      loaded.close()
    }
  })
  after(() => objects?.remove())

  const task = (): number => types.find('task_struct', BTF_KIND.STRUCT)!
  const offset = (name: string): number => types.member(task(), name)!.offset
  const cases: {name: string; place: number; want: () => number}[] = [
    {name: 'offset of a member', place: 0, want: () => offset('pid')},
    {name: 'size of a member', place: 1, want: () => types.member(task(), 'comm')!.size},
    {name: 'a member that exists', place: 2, want: () => 1},
    {name: 'a member that does not exist', place: 3, want: () => 0},
    {name: 'a member of a struct that does not exist', place: 4, want: () => 0},
    {name: 'offset through a flavour of the name', place: 5, want: () => offset('tgid')},
    {name: 'offset of a nested member', place: 6, want: () => offset('children') + 8},
    {name: 'size of a type', place: 7, want: () => types.sizeOf(task())},
    {name: 'a type that exists', place: 8, want: () => 1},
    {name: 'a type that does not exist', place: 9, want: () => 0},
    {name: 'value of an enumerator', place: 10, want: () => 1},
    {name: 'an enumerator that does not exist', place: 11, want: () => 0},
    {name: 'dead code that reads what does not exist', place: 14, want: () => 0},
    {name: 'offset of an array element', place: 15, want: () => offset('comm') + 3},
  ]
  for (const {name, place, want} of cases) {
    it(name, () => assert.equal(places[place], BigInt(want())))
  }

  it('reads the same from memory as the helper gives', () => {
    assert.notEqual(places[13], 0n)
    assert.equal(places[12]! & 0xffff_ffffn, places[13])
  })
})
