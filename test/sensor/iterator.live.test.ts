import assert from 'node:assert/strict'
import {readdirSync} from 'node:fs'
import {before, describe, it} from 'mocha'
import {Assembler} from '../../src/bpf/assembler.ts'
import {encode} from '../../src/bpf/instruction.ts'
import type {IteratorSpec} from '../../src/bpf/iterator-spec.ts'
import {taskFileIterator} from '../../src/compiler/bpf/iterators/task-file-iterator.ts'
import {taskIterator} from '../../src/compiler/bpf/iterators/task-iterator.ts'
import {CodedError} from '../../src/diagnostics/error.ts'
import {FILE_RECORD, START_HEAD, TASK_RECORD} from '../../src/schema/captures/start-records.ts'
import {listObjects} from '../../src/sensor/bpf-syscall.ts'
import {runIterator} from '../../src/sensor/iterator.ts'
import {readKernelBtf} from '../../src/sensor/kernel-btf.ts'
import {requireLive} from '../support/live.ts'

describe('kernel iterators', () => {
  before(function () {
    requireLive(this, {feature: 'kernel iterators'})
  })

  for (const [make, layout] of [
    [taskIterator, TASK_RECORD],
    [taskFileIterator, FILE_RECORD],
  ] as const) {
    it(`${make.name} is the same program each time, and the kernel takes it`, () => {
      const btf = readKernelBtf()
      const spec = make(btf)
      assert.deepEqual(encode(spec.instructions), encode(make(readKernelBtf()).instructions))
      let own = 0
      const count = runIterator(spec, btf, record => {
        assert.equal(record.readUInt32LE(START_HEAD.kind), layout.kind)
        assert.ok(record.length >= layout.fixedSize && record.length <= layout.maxSize)
        if (record.readUInt32LE(layout.numbers.pid) === process.pid) own++
      })
      assert.ok(own > 0 && count >= own)
    })
  }

  it('leaves nothing behind, even when a record is refused by its reader', () => {
    const btf = readKernelBtf()
    const open = readdirSync('/proc/self/fd').length
    const stop = (): void => {
      throw new RangeError('enough')
    }
    assert.throws(() => runIterator(taskIterator(btf), btf, stop), RangeError)
    assert.equal(readdirSync('/proc/self/fd').length, open)
    const mine = listObjects('program').filter(({name}) => name === 'det_it_tasks')
    assert.deepEqual(mine, [])
  })

  const simple = (emit: (asm: Assembler) => void): IteratorSpec => {
    const asm = new Assembler()
    emit(asm)
    return {
      name: 'det_it_test',
      target: 'task',
      maps: [],
      instructions: asm.finish(),
      license: 'GPL',
    }
  }

  it('gives no records when the program writes none', () => {
    const spec = simple(asm => asm.movImm(0, 0).exit())
    assert.equal(
      runIterator(spec, readKernelBtf(), () => assert.fail('a record')),
      0,
    )
  })

  const refused = [
    {
      name: 'an iterator that the kernel does not have',
      spec: {...simple(asm => asm.movImm(0, 0).exit()), target: 'no_such_things'},
      code: 'SENSOR_UNSUPPORTED',
    },
    {
      name: 'a program that the verifier refuses',
      spec: simple(asm => asm.load(8, 0, 2, 0).exit()),
      code: 'SENSOR_SYSCALL',
    },
    {
      name: 'a record whose size is nonsense',
      spec: simple(asm => {
        asm.load(8, 1, 1, 0).load(8, 1, 1, 0).storeImm(8, 10, -8, 3)
        asm.mov(2, 10).aluImm('add', 2, -8).movImm(3, 8).call('seq_write').movImm(0, 0).exit()
      }),
      code: 'SENSOR_SYSCALL',
    },
  ]
  for (const {name, spec, code} of refused) {
    it(`reports ${name}`, () => {
      assert.throws(
        () => runIterator(spec, readKernelBtf(), () => {}),
        (error: unknown) => error instanceof CodedError && error.code === code,
      )
    })
  }
})
