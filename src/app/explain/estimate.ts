import type {CheckedTest} from '../../compiler/checked.ts'
import type {KernelTree} from '../../compiler/explain/explain-filter.ts'
import {valueClass} from '../../compiler/value-class.ts'

/**
 * Shares of an everyday mix of events for which a test holds: rough guesses, to tell rules that let nearly everything pass from
 * those that let hardly anything pass. Calls mostly succeed and read; a text or number out of many is rarely met.
 */
const SHARE = {
  success: 0.85,
  opensForWriting: 0.15,
  opensForReading: 0.9,
  /** A text that equals one constant, begins or ends with it, contains it. */
  equal: 0.001,
  affix: 0.01,
  contains: 0.02,
  /** A number that equals one constant; a comparison by size. */
  number: 0.02,
  order: 0.5,
  flag: 0.3,
  other: 0.5,
} as const

/** A guess at the share of a kind's records that meets a condition, from 0 to 1: tests are taken as independent. */
export function estimateShare(tree: KernelTree): number {
  switch (tree.kind) {
    case 'and':
      return tree.children.reduce((share, child) => share * estimateShare(child), 1)
    case 'or':
      return 1 - tree.children.reduce((rest, child) => rest * (1 - estimateShare(child)), 1)
    case 'process':
      return SHARE.other
    case 'test': {
      const share = Math.min(0.9, testShare(tree.test))
      return tree.want ? share : 1 - share
    }
  }
}

function testShare(test: CheckedTest): number {
  const {left, op, constants} = test
  const name = left.kind === 'field' ? left.field.def.name : ''
  if (op === '!=') return 1 - testShare({...test, op: '='})
  const isTrue = constants[0] !== false
  if (name === 'evt.is_open_write')
    return isTrue ? SHARE.opensForWriting : 1 - SHARE.opensForWriting
  if (name === 'evt.is_open_read') return isTrue ? SHARE.opensForReading : 1 - SHARE.opensForReading
  if (name === 'evt.rawres' && (op === '>=' || op === '>')) return SHARE.success
  if (name === 'evt.rawres' && (op === '<' || op === '<=')) return 1 - SHARE.success
  if (name === 'evt.res') return constants[0] === 'SUCCESS' ? SHARE.success : 1 - SHARE.success
  if (name === 'evt.failed') return isTrue ? 1 - SHARE.success : SHARE.success
  if (name.startsWith('evt.arg') && op === 'contains') return SHARE.flag
  const kind = valueClass(left.type)
  const isText = kind === 'text' || kind === 'bytes'
  const each = constants.length
  switch (op) {
    case '=':
    case 'in':
    case 'intersects':
      return each * (isText ? SHARE.equal : SHARE.number)
    case 'startswith':
    case 'endswith':
    case 'pmatch':
    case 'glob':
      return each * SHARE.affix
    case 'contains':
      return each * SHARE.contains
    case 'exists':
      return SHARE.success
    case '<':
    case '<=':
    case '>':
    case '>=':
      return SHARE.order
    default:
      return SHARE.other
  }
}
