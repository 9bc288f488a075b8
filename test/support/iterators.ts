import type {Btf} from '../../src/bpf/btf.ts'
import {taskFileIterator} from '../../src/compiler/bpf/iterators/task-file-iterator.ts'
import {taskIterator} from '../../src/compiler/bpf/iterators/task-iterator.ts'
import {runIterator} from '../../src/sensor/iterator.ts'
import type {RunIterator} from '../../src/state/start/start-scan.ts'

/** The kernel's own lists, as a start scan takes them. */
export function kernelLists(btf: Btf): RunIterator {
  return (kind, onRecord) => {
    runIterator(kind === 'task' ? taskIterator(btf) : taskFileIterator(btf), btf, onRecord)
  }
}
