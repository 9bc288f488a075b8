import {DEFAULT_RETRY, type RetryPolicy} from '../retry.ts'

/** How alerts are handed to one sink. */
export interface DeliveryPolicy {
  /** Deliveries at once, where the sink allows more than one. Default 1; with more, order is kept only roughly. */
  readonly concurrency: number
  /** Alerts a second at most. Default: no bound. */
  readonly ratePerSecond: number | undefined
  readonly batch: BatchPolicy
  /** A delivery that takes longer is aborted and has failed, in milliseconds. Default a minute. */
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  /** After this many failures in a row the circuit opens: single alerts are tried until one gets through. Default 5. */
  readonly openAfter: number
}

/** What is handed over together. */
export interface BatchPolicy {
  /** Alerts. Default 64. */
  readonly count: number
  /** Bytes as they are stored; a single alert may be larger. Default 1 MiB. */
  readonly bytes: number
  /** How long a batch that is not full waits for more, in milliseconds. Default 0. */
  readonly waitMs: number
}

/** What holds where nothing is said. */
export const DEFAULT_DELIVERY: DeliveryPolicy = {
  concurrency: 1,
  ratePerSecond: undefined,
  batch: {count: 64, bytes: 1024 * 1024, waitMs: 0},
  timeoutMs: 60_000,
  retry: DEFAULT_RETRY,
  openAfter: 5,
}
