/** A whole number within bounds, with its documentation. */
function count(description: string, minimum: number, maximum: number) {
  return {description, type: 'integer', minimum, maximum} as const
}

const delivery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    concurrency: count('Deliveries at once, for outputs that allow more than one.', 1, 64),
    rate_per_second: {
      description: 'Alerts a second at most; 0: no bound.',
      type: 'number',
      minimum: 0,
      maximum: 1_000_000,
    },
    batch_count: count('Alerts in one delivery at most.', 1, 10_000),
    batch_kib: count('Size of one delivery at most.', 1, 65_536),
    batch_wait_ms: count('How long a batch that is not full waits for more.', 0, 60_000),
    timeout_ms: count('A delivery that takes longer has failed.', 1, 3_600_000),
    retry_first_ms: count('Pause after a first failure; it doubles each time.', 1, 3_600_000),
    retry_longest_ms: count('Longest pause.', 1, 86_400_000),
    retry_longest_asked_ms: count('Longest pause that a receiver may ask for.', 0, 86_400_000),
    open_after: count('Failures in a row after which single alerts are tried.', 1, 1000),
  },
} as const

/** The schema of the section `queue`. */
export const QUEUE_SCHEMA: Readonly<Record<string, unknown>> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    engine: {
      description: 'auto: on disk, unless standard output is the only output.',
      enum: ['auto', 'disk', 'memory'],
    },
    path: {
      description: 'Folder of the store; default /var/lib/detector/queue for root.',
      type: 'string',
      minLength: 1,
      maxLength: 4096,
    },
    max_mib: count('Room for alerts on disk; beyond it the least severe go first.', 1, 1_048_576),
    memory_mib: count('Room for alerts in memory.', 1, 4096),
    drain_ms: count('How long the end of a run waits for outputs.', 0, 600_000),
    delivery,
    sinks: {
      description: 'What is different for outputs by their name.',
      type: 'object',
      additionalProperties: delivery,
    },
  },
}
