import {LIVE_EVENTS} from '../../schema/capture-table.ts'
import type {EventPair} from '../../schema/event-pair.ts'
import {EVENT_PAIRS} from '../../schema/event-table.ts'
import {OWN_EVENTS} from '../../schema/tables/events-own.ts'
import type {CliIo} from '../io.ts'

/** Prints the events that rules know: name, category, parameters, and whether live detection captures them. */
export function listEvents(args: {readonly json: boolean}, io: CliIo): void {
  const events = [...EVENT_PAIRS.filter(pair => pair.status === 'current'), ...OWN_EVENTS].map(
    described,
  )
  if (args.json) io.stdout(`${JSON.stringify(events)}\n`)
  else io.stdout(events.map(row).join(''))
}

interface Described {
  readonly name: string
  readonly category: string
  readonly class: string
  readonly live: boolean
  readonly params: readonly {readonly name: string; readonly type: string}[]
}

function described(pair: EventPair): Described {
  const params = (pair.exit ?? pair.enter)?.params ?? []
  return {
    name: pair.name,
    category: pair.category,
    class: pair.class,
    live: LIVE_EVENTS.has(pair.name),
    params: params.map(({name, type}) => ({name, type})),
  }
}

function row(event: Described): string {
  const params = event.params.map(({name, type}) => `${name}: ${type}`).join(', ')
  return `${event.live ? ' ' : '*'} ${event.name} (${event.category})${params === '' ? '' : `\n    ${params}`}\n`
}
