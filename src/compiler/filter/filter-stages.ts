import {
  type KernelFilter,
  withoutDescriptors,
  withoutProcesses,
  withoutSockets,
  withoutTexts,
  withTextsUnmatched,
} from './kernel-filter.ts'
import {createFilterNames, mergeQuestions} from './merge-questions.ts'

/**
 * What is asked one after the other, cheapest first: each is the filter with everything that is not known by then answered by
 * "may be". A stage that tells no more than the one before passes everything.
 */
export interface FilterStages {
  readonly numbers: KernelFilter
  /** By numbers and the process. */
  readonly processes: KernelFilter
  /** By these and the descriptor. */
  readonly descriptors: KernelFilter
  /** By these and the socket. */
  readonly sockets: KernelFilter
  /** Of records whose texts are all known, and pass no test: by numbers. */
  readonly untoldByNumbers: KernelFilter
  /** Of these by all. */
  readonly untold: KernelFilter
  /** Of all others. */
  readonly whole: KernelFilter
}

/** The stages of a filter, simplified. */
export function stagesOf(filter: KernelFilter): FilterStages {
  const nameOf = createFilterNames()
  const simplified = (stage: KernelFilter): KernelFilter => mergeQuestions(stage, nameOf)
  const sockets = simplified(withoutTexts(filter))
  const descriptors = simplified(withoutSockets(sockets))
  const processes = simplified(withoutDescriptors(descriptors))
  const numbers = simplified(withoutProcesses(processes))
  const untold = simplified(withTextsUnmatched(filter))
  const beyond = (stage: KernelFilter, before: KernelFilter): KernelFilter =>
    nameOf(stage) === nameOf(before) ? {kind: 'pass'} : stage
  return {
    numbers,
    processes: beyond(processes, numbers),
    descriptors: beyond(descriptors, processes),
    sockets: beyond(sockets, descriptors),
    untoldByNumbers: beyond(simplified(withoutProcesses(untold)), numbers),
    untold: beyond(untold, sockets),
    whole: filter,
  }
}
