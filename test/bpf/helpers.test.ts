import assert from 'node:assert/strict'
import {existsSync} from 'node:fs'
import {describe, it} from 'mocha'
import {BTF_KIND} from '../../src/bpf/btf.ts'
import {HELPER_PROTOTYPES} from '../../src/bpf/helper-prototypes.ts'
import {HELPERS, helperName, helperSince} from '../../src/bpf/helpers.ts'
import {KERNEL_BTF_PATH, readKernelBtf} from '../../src/sensor/kernel-btf.ts'

describe('helpers', () => {
  it('are numbered without gaps and have a prototype each', () => {
    const ids = Object.values(HELPERS)
    assert.deepEqual(
      ids,
      ids.map((_, index) => index + 1),
    )
    assert.deepEqual(Object.keys(HELPER_PROTOTYPES), Object.keys(HELPERS))
  })

  it('have the numbers that the running kernel gives them', function () {
    if (!existsSync(KERNEL_BTF_PATH)) this.skip()
    const types = readKernelBtf()
    const known = new Map(
      types
        .findAll('bpf_func_id', BTF_KIND.ENUM)
        .flatMap(type => types.enumerators(type))
        .map(({name, value}) => [Number(value), name.replace('BPF_FUNC_', '')]),
    )
    // An older kernel has fewer; the names of those it has are the same for ever.
    for (const [name, id] of Object.entries(HELPERS)) assert.equal(known.get(id) ?? name, name)
  })

  const cases: {id: number; name: string; since: string | undefined}[] = [
    {id: 1, name: 'map_lookup_elem', since: '3.19'},
    {id: 6, name: 'trace_printk', since: '4.1'},
    {id: 45, name: 'probe_read_str', since: '4.11'},
    {id: 110, name: 'tcp_gen_syncookie', since: '5.4'},
    {id: 113, name: 'probe_read_kernel', since: '5.5'},
    {id: 130, name: 'ringbuf_output', since: '5.8'},
    {id: 181, name: 'loop', since: '5.17'},
    {id: 211, name: 'cgrp_storage_delete', since: '6.2'},
    {id: 9999, name: 'helper#9999', since: undefined},
  ]
  for (const {id, name, since} of cases) {
    it(`${id} is ${name} since ${since ?? 'unknown'}`, () => {
      assert.deepEqual([helperName(id), helperSince(id)], [name, since])
    })
  }
})
