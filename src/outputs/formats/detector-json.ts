import type {Alert} from '../../schema/alert.ts'
import {priorityRank} from '../../schema/priority.ts'
import {isoTime} from '../../schema/time-text.ts'
import {jsonText, ownObject} from './json-text.ts'

/**
 * One alert with everything that is known of it as one JSON object on one line; `docs/alert.schema.json` is its schema.
 * `severity` counts from 0 (emergency) to 7 (debug) as in syslog.
 */
export function formatDetectorJson(alert: Alert): string {
  return jsonText({
    version: 1,
    id: alert.id,
    time: isoTime(alert.timeNs, 'Z'),
    host: alert.hostname,
    rule: alert.rule,
    priority: alert.priority,
    severity: priorityRank(alert.priority),
    source: alert.source,
    tags: alert.tags,
    message: alert.message,
    fields: ownObject(alert.fields),
    incomplete: alert.incomplete,
    generation: alert.generation,
  })
}

/** The JSON Schema of {@link formatDetectorJson}, draft 7. New keys may come; those here keep their meaning. */
export const ALERT_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Alert of detector',
  type: 'object',
  required: [
    'version',
    'id',
    'time',
    'host',
    'rule',
    'priority',
    'severity',
    'source',
    'tags',
    'message',
    'fields',
    'generation',
  ],
  properties: {
    version: {const: 1},
    id: {
      type: 'string',
      description: 'Stable and unique: repeats of a delivery carry the same id.',
    },
    time: {
      type: 'string',
      description: 'Time of the event, UTC with nanoseconds.',
      pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{9}Z$',
    },
    host: {type: 'string'},
    rule: {type: 'string'},
    priority: {
      enum: [
        'Emergency',
        'Alert',
        'Critical',
        'Error',
        'Warning',
        'Notice',
        'Informational',
        'Debug',
      ],
    },
    severity: {type: 'integer', minimum: 0, maximum: 7},
    source: {type: 'string'},
    tags: {type: 'array', items: {type: 'string'}},
    message: {type: 'string', description: 'Output of the rule with its fields filled in.'},
    fields: {type: 'object', description: 'Fields of the output by name.'},
    incomplete: {
      type: 'array',
      items: {type: 'string'},
      description: 'What was not whole when the alert was raised.',
    },
    generation: {type: 'integer', description: 'Generation of the rule set that matched.'},
  },
} as const
