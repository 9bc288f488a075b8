import type {MapSpec} from '../../bpf/specs.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {
  DESCRIPTOR_ENTRY,
  DESCRIPTOR_KEY_SIZE,
  MAX_DESCRIPTOR_ENTRIES,
} from '../filter/descriptor/descriptor-entry.ts'
import {BORN_ENTRY, CGROUP_ENTRY, MAX_BORN, MAX_CGROUPS} from '../filter/process/cgroup-entry.ts'
import {MAX_PROCESS_ENTRIES, PROCESS_ENTRY, PROCESS_WORD} from '../filter/process/process-entry.ts'
import {SCRATCH_SIZE} from './capture-context.ts'
import {COUNTER} from './drop-counters.ts'
import {ENTRY_COPY, MAX_ENTRY_COPIES} from './entry-copy.ts'
import {type Lane, type RingSizes, ringSize} from './lane.ts'
import {MAP_NAME} from './map-names.ts'
import {halfSize, TRACEPOINTS, type Tracepoint} from './tracepoints.ts'

/** Flag of a hash map: memory is taken when an entry is made (linux v6.8 include/uapi/linux/bpf.h). */
const BPF_F_NO_PREALLOC = 1
/** Flag of an array: user space may map it, and change a word by one store (linux v5.5). */
const BPF_F_MMAPABLE = 1 << 10

/** The maps of all programs: they stay in the kernel while capture programs come and go. */
export function captureMaps(rings: RingSizes): MapSpec[] {
  const array = (
    name: string,
    type: 'array' | 'percpu_array' | 'prog_array',
    valueSize: number,
    maxEntries: number,
  ): MapSpec => ({name, type, keySize: 4, valueSize, maxEntries})
  const ring = (lane: Lane): MapSpec => ({
    name: MAP_NAME[lane],
    type: 'ringbuf',
    keySize: 0,
    valueSize: 0,
    maxEntries: ringSize(lane, rings),
  })
  return [
    ring('state'),
    ring('bulk'),
    array(MAP_NAME.scratch, 'percpu_array', SCRATCH_SIZE, 1),
    array(MAP_NAME.counters, 'percpu_array', COUNTER.size, CAPTURES.length + 1),
    {...array(MAP_NAME.active, 'array', 4, 1), flags: BPF_F_MMAPABLE},
    {
      name: MAP_NAME.entryCopies,
      type: 'hash',
      keySize: 4,
      valueSize: ENTRY_COPY.size,
      maxEntries: MAX_ENTRY_COPIES,
      flags: BPF_F_NO_PREALLOC,
    },
    array(MAP_NAME.exitCopy, 'percpu_array', ENTRY_COPY.size, 1),
    {
      name: MAP_NAME.processes,
      type: 'hash',
      keySize: 4,
      valueSize: PROCESS_ENTRY.size,
      maxEntries: MAX_PROCESS_ENTRIES,
      flags: BPF_F_NO_PREALLOC,
    },
    {
      name: MAP_NAME.born,
      type: 'hash',
      keySize: 4,
      valueSize: BORN_ENTRY.size,
      maxEntries: MAX_BORN,
      flags: BPF_F_NO_PREALLOC,
    },
    {
      name: MAP_NAME.cgroups,
      type: 'hash',
      keySize: 8,
      valueSize: CGROUP_ENTRY.size,
      maxEntries: MAX_CGROUPS,
      flags: BPF_F_NO_PREALLOC,
    },
    {
      name: MAP_NAME.descriptors,
      type: 'hash',
      keySize: DESCRIPTOR_KEY_SIZE,
      valueSize: DESCRIPTOR_ENTRY.size,
      maxEntries: MAX_DESCRIPTOR_ENTRIES,
      flags: BPF_F_NO_PREALLOC,
    },
    array(MAP_NAME.processWords, 'array', 8, PROCESS_WORD.count),
    ...(Object.keys(TRACEPOINTS) as Tracepoint[]).flatMap(tracepoint => {
      const {array: name, compatArray} = TRACEPOINTS[tracepoint]
      return [name, ...(compatArray === undefined ? [] : [compatArray])].map(map =>
        array(map, 'prog_array', 4, 2 * halfSize(tracepoint)),
      )
    }),
  ]
}
