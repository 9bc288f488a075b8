/**
 * In which events a call is written. Readers from before calls were one event know the inputs of a call only from its enter event;
 * the table of conversions, read backwards, tells how to make that one again.
 */
import {CONVERSIONS} from '../../../schema/tables/conversions.ts'
import {type EventForm, eventForm} from '../event-form.ts'

/** One event to write for a call. */
export interface WrittenForm {
  readonly form: EventForm
  /** For each parameter the index of the one of today's event, -1 for none. */
  readonly sources: readonly number[]
  /** What {@link writtenForms} says of it: our reader passes it by. */
  readonly isMade: boolean
}

/** First code that sysdig 0.29.3 does not know: it skips such events. */
const FIRST_UNKNOWN = 336

const plans: (readonly WrittenForm[] | undefined)[] = []

/**
 * The events to write for one with this code; the last one holds its result. A made enter event stands ahead of an exit event
 * that says all. Calls whose code sysdig 0.29.3 does not know are written as a pair of old events, where readers get today's event
 * back from it to the last parameter.
 */
export function writtenForms(form: EventForm): readonly WrittenForm[] {
  const {code} = form.def
  plans[code] ??= olderPair(form) ?? [...madeEnter(form), whole(form)]
  return plans[code]
}

function whole(form: EventForm): WrittenForm {
  return {form, sources: form.params.map((_, i) => i), isMade: false}
}

function madeEnter(exit: EventForm): readonly WrittenForm[] {
  const enter = exit.isEnter ? undefined : eventForm(exit.def.code - 1)
  if (enter === undefined || !enter.isEnter) return []
  const sources = new Map<number, number>()
  for (const [code, params, action, , kept = []] of CONVERSIONS) {
    if (code !== exit.def.code || action !== 'add') continue
    for (const [i, source] of kept.entries()) {
      const index = enterIndex(source)
      if (index !== undefined) sources.set(index, params + i)
    }
  }
  if (sources.size === 0) return []
  const place = (name: string, i: number): number =>
    sources.get(i) ?? exit.positions.get(name) ?? -1
  return [{form: enter, sources: enter.def.params.map(({name}, i) => place(name, i)), isMade: true}]
}

function olderPair(form: EventForm): readonly WrittenForm[] | undefined {
  const {code} = form.def
  if (code < FIRST_UNKNOWN) return undefined
  for (const [from, params, action, to, sources = []] of CONVERSIONS) {
    const exit = eventForm(from)
    const enter = eventForm(from - 1)
    if (action !== 'change' || to !== code || from >= FIRST_UNKNOWN) continue
    if (exit === undefined || enter === undefined || sources.length < form.params.length) continue
    const olds = Array<number>(params).fill(-1)
    const inputs = enter.params.map(() => -1)
    const covered = sources.every((source, i) => {
      const [kind, index] = source.split(' ')
      const [places, half] = kind === 'old' ? [olds, exit] : [inputs, enter]
      places[Number(index)] = i
      const sameType = half.def.params[Number(index)]?.type === form.def.params[i]?.type
      return (kind === 'old' || kind === 'enter') && sameType
    })
    const used = inputs.filter(source => source >= 0).length
    // An input that today's event does not have would be made up.
    if (!covered || olds.includes(-1) || (used > 0 && used < inputs.length)) continue
    const ending = {form: exit, sources: olds, isMade: false}
    return used === 0 ? [ending] : [{form: enter, sources: inputs, isMade: false}, ending]
  }
  return undefined
}

function enterIndex(source: string): number | undefined {
  const [kind, index] = source.split(' ')
  return kind === 'enter' ? Number(index) : undefined
}
