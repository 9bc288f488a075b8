/** What a miss means for whoever relies on alerts. */
export type MissGroup = 'lost' | 'partial' | 'state' | 'blind'

/** One reason why something was missed. */
export interface CauseDef {
  /**
   * `lost`: an event or alert is gone; `partial`: an event was judged without a value; `state`: what is known of the host may
   * have been wrong; `blind`: for a time, or for some rules, nothing was looked at.
   */
  readonly group: MissGroup
  /** What `count` counts. */
  readonly unit: string
  /** Follows the count in texts: `12 events: ring buffer full`. */
  readonly text: string
}

/** Every reason there is. The names are part of the contract of `status --json` and of the metrics. */
export const CAUSES = {
  ring_full: {group: 'lost', unit: 'events', text: 'the ring buffer was full'},
  too_large: {group: 'lost', unit: 'events', text: 'larger than the ring buffer'},
  alert_backlog_full: {group: 'lost', unit: 'alerts', text: 'too many alerts waited to be sent'},
  output_refused: {group: 'lost', unit: 'alerts', text: 'the queue of an output was full'},
  output_dropped: {
    group: 'lost',
    unit: 'alerts',
    text: 'given up by the queue: no room, damaged on disk, or purged',
  },
  output_dead_lettered: {group: 'lost', unit: 'alerts', text: 'a receiver refused them for good'},
  output_abandoned: {group: 'lost', unit: 'alerts', text: 'not delivered before the end'},
  worker_ended: {
    group: 'lost',
    unit: 'times',
    text: 'detection ended on its own; what waited in the ring buffers was lost uncounted',
  },
  unreadable: {group: 'partial', unit: 'events', text: 'a value could not be read'},
  cut: {group: 'partial', unit: 'events', text: 'a value was longer than what is kept'},
  container_unknown: {
    group: 'partial',
    unit: 'events',
    text: 'judged before it was known what their container is',
  },
  evicted_threads: {group: 'state', unit: 'threads', text: 'given up because the table was full'},
  unknown_threads: {group: 'state', unit: 'threads', text: 'nothing was known of them'},
  mended_threads: {group: 'state', unit: 'threads', text: 'found changed or gone after losses'},
  doubted_descriptors: {
    group: 'state',
    unit: 'times',
    text: 'every descriptor was asked of the host anew after losses',
  },
  state_incomplete: {
    group: 'state',
    unit: 'events',
    text: 'of the life of processes lost; until mended, alerts say incomplete',
  },
  start: {group: 'blind', unit: 'times', text: 'nothing was watched before the start was over'},
  restart: {group: 'blind', unit: 'times', text: 'detection was being started anew'},
  reload: {group: 'blind', unit: 'times', text: 'changed rules were not yet in force'},
  rules_refused: {group: 'blind', unit: 'times', text: 'changed rules were refused'},
  socketcalls: {group: 'blind', unit: 'calls', text: '32-bit socketcalls that were not examined'},
  unfilled_field: {
    group: 'blind',
    unit: 'rule sets',
    text: 'asked for a field that is never filled live',
  },
  uncaptured_events: {
    group: 'blind',
    unit: 'rule sets',
    text: 'had rules whose events are not captured',
  },
} as const satisfies Readonly<Record<string, CauseDef>>

/** The name of a reason. */
export type Cause = keyof typeof CAUSES

/** Every name, in the order of the table. */
export const CAUSE_NAMES = Object.keys(CAUSES) as readonly Cause[]
