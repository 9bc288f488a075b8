import {createHash} from 'node:crypto'
import {DIRECTORY_PARAMS, FD_PARAMS, IDENTITY} from '../../../schema/captures/identity.ts'
import type {Slot} from '../../../schema/record-layout.ts'
import type {CheckedTest} from '../../checked.ts'
import type {EventKind} from '../event-kind.ts'
import type {DescriptorAtom} from '../kernel-filter.ts'

/** Most tests of descriptors of one rule set; those beyond are unknown to the kernel. */
export const DESCRIPTOR_TESTS_MAX = 64

/** Fields of which user space knows for good what they are for an open file: while it is open they do not change. */
const LASTING_FIELDS: ReadonlySet<string> = new Set([
  'fd.name',
  'fd.nameraw',
  'fd.directory',
  'fd.filename',
  'fd.type',
  'fd.typechar',
  'fd.ino',
])

/** A test of the descriptor alone, with its bit. */
export interface DescriptorTest {
  readonly bit: number
  readonly test: CheckedTest
}

/** The tests of descriptors that the filters of a rule set ask for. */
export interface DescriptorSet {
  readonly tests: readonly DescriptorTest[]
  /** The same for sets that give every bit the same meaning; never 0. */
  readonly id: bigint
}

/** The set of rules whose filters ask nothing of descriptors. */
export const NO_DESCRIPTOR_TESTS: DescriptorSet = {tests: [], id: 1n}

/** Hands out the bits. */
export interface DescriptorCollector {
  /** The question for a test on the descriptor that an event of this kind is about; undefined where there is none. */
  atomOf(test: CheckedTest, kind: EventKind): DescriptorAtom | undefined
  finish(): DescriptorSet
}

/** Starts collecting. Equal tests have one bit. */
export function collectDescriptorTests(): DescriptorCollector {
  const found = new Map<string, DescriptorTest>()
  return {
    atomOf(test, kind) {
      const {left, right} = test
      if (right !== undefined || left.kind !== 'field' || left.list) return undefined
      if (!LASTING_FIELDS.has(left.field.def.name)) return undefined
      const place = placeOf(kind)
      if (place === undefined) return undefined
      let known = found.get(test.text)
      if (known === undefined) {
        if (found.size === DESCRIPTOR_TESTS_MAX) return undefined
        known = {bit: found.size, test}
        found.set(test.text, known)
      }
      return {kind: 'descriptor', bit: known.bit, ...place}
    },
    finish() {
      const hash = createHash('sha256')
        .update([...found.keys()].join('\n'))
        .digest()
      return {tests: [...found.values()], id: hash.readBigUInt64LE(0) | 1n}
    },
  }
}

/** Where a record says which descriptor it is about, and of which file. */
function placeOf({
  def,
  layout,
}: EventKind): Pick<DescriptorAtom, 'fd' | 'file' | 'node'> | undefined {
  if (!def.flags.includes('uses_fd')) return undefined
  const name = FD_PARAMS.find(param => def.params.some(one => one.name === param))
  if (name === undefined || DIRECTORY_PARAMS.has(name)) return undefined
  const slot = (wanted: string): Slot | undefined =>
    layout.slots.find(one => one.name === wanted && one.maxBytes === 0)
  const [fd, file, node] = [slot(name), slot(IDENTITY[0]), slot('$ino')]
  if (fd?.source.from !== 'arg' || file === undefined || node === undefined) return undefined
  return {fd: fd.offset, file: file.offset, node: node.offset}
}
