import {
  type FieldEvent,
  fieldEventBinder,
  fieldEventCode,
  parseFieldEvent,
} from '../compiler/field-events.ts'
import type {FieldBinder} from '../compiler/field-ref.ts'
import {Engine, type EngineContext, type EngineOptions, type EngineRule} from '../engine/engine.ts'
import type {Event} from '../schema/event.ts'
import {eventByCode} from '../schema/event-table.ts'

/** The event of the moment as the values of its fields: there is no state around it. */
class FieldContext implements EngineContext, FieldEvent {
  values: FieldEvent['values'] = new Map()
  event!: Event

  begin(event: FieldEvent): void {
    const {values} = event
    const number = (field: string): number => Number(values.get(field) ?? 0)
    const time = values.get('evt.rawtime')
    const timeNs = typeof time === 'bigint' || typeof time === 'number' ? BigInt(time) : 0n
    this.values = values
    this.event = {
      num: number('evt.num'),
      def: eventByCode(fieldEventCode(event))!,
      tid: number('thread.tid'),
      cpu: number('evt.cpu'),
      paramCount: 0,
      live: undefined,
      timeNs: () => timeNs,
      get: () => undefined,
    }
  }

  end(): void {
    // Nothing outlives an event that is only its fields.
  }
}

/** Runs rules over field events, one line of JSON each. */
export interface FieldEventReplay {
  /**
   * Judges one line. Gives what is wrong with it.
   *
   * @param number - `evt.num` when the line does not say it
   */
  take(line: string, number: number): string | undefined
  /** Time of the last event, nanoseconds since the epoch; 0 where the lines say nothing. */
  readonly timeNs: bigint
}

/** Makes a replay of field events with these rules. A line without `evt.rawtime` happens at time 0. */
export function createFieldEventReplay(
  rules: readonly EngineRule[],
  options: Omit<EngineOptions<FieldContext>, 'context' | 'binder'>,
): FieldEventReplay {
  const context = new FieldContext()
  const binder: FieldBinder<FieldContext> = fieldEventBinder
  const engine = new Engine<FieldContext>({...options, context, binder})
  engine.setRules(rules, 1)
  return {
    take(line, number) {
      const parsed = parseFieldEvent(line, {number, timeNs: 0})
      if (!parsed.ok) return parsed.message
      engine.process(parsed.event)
      return undefined
    },
    get timeNs() {
      return context.event.timeNs()
    },
  }
}
