/**
 * Events that are judged later than they happened, because it is not known yet what their container is. The state has taken them
 * in when it was their turn; what is kept is the value of every field that the rules read, as it was then, so that rules judge
 * that moment and not a later one. Only what the container is, is read when they are judged.
 */
import type {Extractor, FieldBinder, FieldRef} from '../compiler/field-ref.ts'
import type {Event} from '../schema/event.ts'
import type {FieldValue} from '../schema/value.ts'
import type {ContainerTable} from '../state/containers/container-table.ts'
import type {EngineContext} from './engine.ts'
import {CONTAINER_INFO_FIELDS, type ContainerContext} from './fields/container-fields.ts'
import {K8S_FIELDS} from './fields/k8s-fields.ts'
import type {MatchContext} from './match-context.ts'

/** What is kept of an event. */
export interface HeldEvent {
  readonly event: Event
  readonly thread: ContainerContext['thread']
  /** By the number under which the field was bound. */
  readonly values: readonly (FieldValue | undefined)[]
}

/** Bytes that a value takes beside its text, roughly. */
const VALUE_BYTES = 16

/** What rules read from when they judge a held event. */
export class HeldContext implements EngineContext, ContainerContext {
  readonly state: {readonly containers: ContainerTable}
  #held!: HeldEvent

  constructor(containers: ContainerTable) {
    this.state = {containers}
  }

  begin(held: HeldEvent): void {
    this.#held = held
  }

  end(): void {
    // The state was done with the event when it happened.
  }

  get event(): Event {
    return this.#held.event
  }

  get thread(): ContainerContext['thread'] {
    return this.#held.thread
  }

  value(index: number): FieldValue | undefined {
    return this.#held.values[index]
  }
}

/**
 * Binds fields to held events, and holds events. Give the binder to an engine of its own with one set of rules: what is held
 * are the values of the fields that these rules read, and only they can judge it.
 */
export class EventHolder implements FieldBinder<HeldContext> {
  readonly #live: FieldBinder<MatchContext>
  readonly #indexes = new Map<string, number>()
  readonly #extractors: Extractor<MatchContext>[] = []

  /** @param live - binds the same fields to events as they happen */
  constructor(live: FieldBinder<MatchContext>) {
    this.#live = live
  }

  bind(field: FieldRef): Extractor<HeldContext> {
    const factory = ownFactory(field)
    if (factory !== undefined) return factory(field)
    let index = this.#indexes.get(field.text)
    if (index === undefined) {
      index = this.#extractors.push(this.#live.bind(field)) - 1
      this.#indexes.set(field.text, index)
    }
    return context => context.value(index)
  }

  /** Keeps the event of the moment, with its values. */
  hold(context: MatchContext): HeldEvent {
    const {event, thread} = context
    const {num, def, tid, cpu, paramCount} = event
    const timeNs = event.timeNs()
    return {
      event: {
        num,
        def,
        tid,
        cpu,
        paramCount,
        live: undefined,
        timeNs: () => timeNs,
        get: () => undefined,
      },
      thread: thread === undefined ? undefined : {containerId: thread.containerId},
      values: this.#extractors.map(extract => extract(context)),
    }
  }
}

/** Bytes that a held event takes, roughly, for the bound of a gate. */
export function heldBytes({values}: HeldEvent): number {
  let bytes = 0
  for (const value of values) {
    bytes += VALUE_BYTES
    if (typeof value === 'string') bytes += value.length
    else if (Array.isArray(value)) for (const one of value) bytes += String(one).length
  }
  return bytes
}

function ownFactory(
  field: FieldRef,
): ((field: FieldRef) => Extractor<ContainerContext>) | undefined {
  const {name} = field.def
  if (Object.hasOwn(CONTAINER_INFO_FIELDS, name)) return CONTAINER_INFO_FIELDS[name]
  return Object.hasOwn(K8S_FIELDS, name) ? K8S_FIELDS[name] : undefined
}
