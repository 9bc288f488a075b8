import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {nameFilter} from '../../../src/cli/commands/list-tracepoints.ts'
import {parseFormat} from '../../../src/sensor/object/trace-formats.ts'

describe('parseFormat', () => {
  it('gives the arguments without the common fields', () => {
    const text = [
      'name: x\nID: 1\nformat:',
      '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;',
      '\tfield:const char * filename;\toffset:16;\tsize:8;\tsigned:0;',
      '\tfield:char comm[16];\toffset:24;\tsize:16;\tsigned:0;',
      '',
    ].join('\n')
    assert.deepEqual(parseFormat(text), [
      {name: 'filename', type: 'const char *', offset: 16, size: 8},
      {name: 'comm', type: 'char[16]', offset: 24, size: 16},
    ])
  })
})

describe('nameFilter', () => {
  const cases: {glob: string | undefined; name: string; want: boolean}[] = [
    {glob: undefined, name: 'a/b', want: true},
    {glob: 'sched_*', name: 'sched/sched_switch', want: true},
    {glob: 'sched', name: 'sched/sched_switch', want: true},
    {glob: 'switch', name: 'sched/sched_switch', want: false},
    {glob: 'syscalls/*open*', name: 'syscalls/sys_enter_openat', want: true},
    {glob: 'syscalls/?', name: 'syscalls/sys_enter_openat', want: false},
    {glob: '.*', name: 'a/b', want: false},
  ]
  for (const {glob, name, want} of cases) {
    it(`${glob} ${want ? 'fits' : 'does not fit'} ${name}`, () =>
      assert.equal(nameFilter(glob)(name), want))
  }
})
