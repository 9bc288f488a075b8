import {OBJECT_PREFIX} from './tracepoints.ts'

/** Names of the maps that all programs share; each is at most 15 bytes. Program arrays are named by `TRACEPOINTS`. */
export const MAP_NAME = {
  /** The ring buffers, by lane. */
  state: `${OBJECT_PREFIX}state`,
  bulk: `${OBJECT_PREFIX}bulk`,
  /** Where a record is put together, one for each CPU. */
  scratch: `${OBJECT_PREFIX}scratch`,
  /** Per CPU, one entry a kind of record: see `COUNTER`. */
  counters: `${OBJECT_PREFIX}counters`,
  /** One word: the generation whose half of the program arrays is in force. */
  active: `${OBJECT_PREFIX}active`,
  /** What calls were given at their beginning, by thread. */
  entryCopies: `${OBJECT_PREFIX}entry`,
  /** What is found there when the call ends, one for each CPU. */
  exitCopy: `${OBJECT_PREFIX}again`,
  /** What user space found out about threads: see `filter/process/process-entry.ts`. */
  processes: `${OBJECT_PREFIX}processes`,
  /** In which control groups threads were made, and what user space found out about these: see `filter/process/cgroup-entry.ts`. */
  born: `${OBJECT_PREFIX}born`,
  cgroups: `${OBJECT_PREFIX}cgroups`,
  /** What user space found out about open descriptors: see `filter/descriptor/descriptor-entry.ts`. */
  descriptors: `${OBJECT_PREFIX}fds`,
  processWords: `${OBJECT_PREFIX}words`,
} as const
