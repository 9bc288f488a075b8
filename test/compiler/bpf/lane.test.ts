import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {laneOf} from '../../../src/compiler/bpf/lane.ts'
import {CAPTURES} from '../../../src/schema/capture-table.ts'

const laneOfKind = (kind: string): string => {
  const capture = CAPTURES.find(candidate => candidate.kind === kind)
  assert.ok(capture, `there is no kind ${kind}`)
  return laneOf(capture)
}

describe('laneOf', () => {
  const cases: readonly {name: string; kinds: readonly string[]; want: 'state' | 'bulk'}[] = [
    {name: 'the life of processes', kinds: ['exec', 'new_task', 'procexit'], want: 'state'},
    {name: 'working directories', kinds: ['chdir', 'fchdir'], want: 'state'},
    {name: 'copies of descriptors', kinds: ['dup', 'dup2', 'dup3', 'fcntl'], want: 'bulk'},
    {name: 'connections', kinds: ['connect'], want: 'bulk'},
    {
      name: 'opening and closing',
      kinds: ['open', 'openat', 'openat2', 'creat', 'close', 'close_range'],
      want: 'bulk',
    },
    {name: 'reading and writing', kinds: ['read', 'write', 'pread64', 'writev'], want: 'bulk'},
    {name: 'what only rules look at', kinds: ['mmap', 'unlink', 'ptrace', 'kill'], want: 'bulk'},
  ]
  for (const {name, kinds, want} of cases) {
    it(`puts ${name} into the ${want} lane`, () => {
      for (const kind of kinds) assert.equal(laneOfKind(kind), want, kind)
    })
  }

  it('puts nothing into the state lane that the state does not need', () => {
    for (const capture of CAPTURES)
      if (capture.state === undefined) assert.equal(laneOf(capture), 'bulk', capture.kind)
  })
})
