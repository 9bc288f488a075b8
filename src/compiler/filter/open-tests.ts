import type {CheckedTest} from '../checked.ts'
import {ALWAYS, type Bounds, both, either, exact, not, UNKNOWN} from './bounds.ts'
import {type EventKind, OPEN_EVENTS, resultSlot, slotOf} from './event-kind.ts'
import {flagPlace, hasAnyBit, tableOf} from './flag-tests.ts'
import {DROP, type TextTest} from './kernel-filter.ts'
import {isAtLeast, numberPlace} from './number-tests.ts'
import {constantTextTest, MOST_CONSTANTS, matchesAny, textTest} from './text-tests.ts'

/** O_DIRECTORY as events carry it. */
const O_DIRECTORY = 1 << 10

/** What the record of a call that opens a file by name tells of the fields of its descriptor. */
export function openFieldTest(test: CheckedTest, field: string, kind: EventKind): Bounds {
  const {name} = kind.def
  const slot = slotOf(kind, 'name')
  const result = resultSlot(kind)
  const place = result === undefined ? undefined : numberPlace(result)
  if (!(OPEN_EVENTS.has(name) || name === 'creat')) return UNKNOWN
  if (slot?.source.from !== 'text' || place === undefined) return UNKNOWN
  const opened = exact(isAtLeast(place, 0n))
  const isDirectory = directoryFlag(kind)
  switch (field) {
    case 'fd.name':
    case 'fd.nameraw':
      return textTest(test, {slot, form: 'normal', defined: ALWAYS})
    case 'fd.directory':
      return directoryTest(test, slot)
    case 'fd.filename':
      return both(both(opened, not(isDirectory)), fileNameTest(test, slot))
    case 'fd.type':
      return both(
        opened,
        either(
          both(isDirectory, constantTextTest(test, 'directory')),
          both(not(isDirectory), constantTextTest(test, 'file')),
        ),
      )
    case 'fd.typechar': {
      const asDirectory = both(opened, isDirectory)
      return either(
        both(asDirectory, constantTextTest(test, 'd')),
        both(not(asDirectory), constantTextTest(test, 'f')),
      )
    }
    default:
      return UNKNOWN
  }
}

function directoryFlag(kind: EventKind): Bounds {
  const [slot, table] = [slotOf(kind, 'flags'), tableOf(kind, 'flags')]
  if (kind.def.name === 'creat') return not(ALWAYS)
  if (slot === undefined || table === undefined || slot.maxBytes > 0) return UNKNOWN
  return exact(hasAnyBit(flagPlace(kind, slot, table), O_DIRECTORY))
}

type TextSlot = Parameters<typeof matchesAny>[0]

/** The directory of a path is the path up to its last slash, or the path itself: only bounds are told. */
function directoryTest(test: CheckedTest, slot: TextSlot): Bounds {
  const texts = test.constants as readonly string[]
  const isPlain = test.modifier === undefined && texts.length <= MOST_CONSTANTS
  if (!isPlain || texts.includes('')) return UNKNOWN
  if (test.op === '=' || test.op === 'in') {
    const tests = texts.flatMap((text): TextTest[] =>
      text === '/'
        ? [{how: 'top', text: ''}]
        : [
            {how: 'equal', text},
            {how: 'prefix', text: `${text}/`},
          ],
    )
    return {may: matchesAny(slot, 'normal', tests), must: DROP}
  }
  // A path lies below whatever its directory is or lies below.
  if (test.op === 'pmatch')
    return {may: textTest(test, {slot, form: 'normal', defined: ALWAYS}).may, must: DROP}
  if (test.op !== 'startswith' || texts.includes('/')) return UNKNOWN
  const tests = texts.map(text => ({how: 'prefix', text}) as const)
  return {may: matchesAny(slot, 'normal', tests), must: DROP}
}

/** The last part of a path is known by how the path ends. */
function fileNameTest(test: CheckedTest, slot: TextSlot): Bounds {
  const texts = test.constants as readonly string[]
  const isPlain = test.modifier === undefined && texts.length <= MOST_CONSTANTS
  if (!isPlain || texts.some(text => text === '' || text.includes('/'))) return UNKNOWN
  const ends = (before: string): Bounds => {
    const tests = texts.map(text => ({how: 'suffix', text: `${before}${text}`}) as const)
    return exact(matchesAny(slot, 'normal', tests))
  }
  switch (test.op) {
    case '=':
    case 'in':
      return ends('/')
    case '!=':
      return not(ends('/'))
    case 'endswith':
      return ends('')
    case 'exists':
      return ALWAYS
    default:
      return UNKNOWN
  }
}
