/** Where alerts wait, and how they are handed over. */
export interface QueueConfig {
  /** `auto`: on disk, unless standard output is the only output. */
  readonly engine: 'auto' | 'disk' | 'memory'
  /** Folder of the store; empty: the default place. */
  readonly path: string
  /** Alerts on disk take at most this much, in MiB as they are before compression. */
  readonly maxMib: number
  /** Alerts in memory take at most this much, in MiB: all of them, or those that a disk cannot take yet. */
  readonly memoryMib: number
  /** How long the end of a run waits for outputs to take what is left, in milliseconds. */
  readonly drainMs: number
  readonly delivery: DeliveryConfig
  /** What is different for outputs by their name. */
  readonly sinks: ReadonlyMap<string, DeliveryConfig>
}

/** How alerts are handed to an output. */
export interface DeliveryConfig {
  /** Deliveries at once, for outputs that allow more than one. */
  readonly concurrency: number
  /** Alerts a second; 0: no bound. */
  readonly ratePerSecond: number
  readonly batchCount: number
  readonly batchKib: number
  /** How long a batch that is not full waits for more, in milliseconds. */
  readonly batchWaitMs: number
  readonly timeoutMs: number
  /** Pause after a first failure, in milliseconds; it doubles from failure to failure. */
  readonly retryFirstMs: number
  readonly retryLongestMs: number
  /** Longest pause that a receiver may ask for, in milliseconds. */
  readonly retryLongestAskedMs: number
  /** Failures in a row after which single alerts are tried. */
  readonly openAfter: number
}

/** What holds where the configuration says nothing. */
export const DEFAULT_QUEUE: QueueConfig = {
  engine: 'auto',
  path: '',
  maxMib: 1024,
  memoryMib: 64,
  drainMs: 10_000,
  delivery: {
    concurrency: 1,
    ratePerSecond: 0,
    batchCount: 64,
    batchKib: 1024,
    batchWaitMs: 0,
    timeoutMs: 60_000,
    retryFirstMs: 500,
    retryLongestMs: 60_000,
    retryLongestAskedMs: 3_600_000,
    openAfter: 5,
  },
  sinks: new Map(),
}
