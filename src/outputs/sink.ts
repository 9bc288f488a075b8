import {CodedError} from '../diagnostics/error.ts'
import type {Alert} from '../schema/alert.ts'

/** A place where alerts go. One delivery at a time: the queue never calls `deliver` before the last call has settled. */
export interface Sink {
  /** Shown in messages and statistics; holds no secret. */
  readonly name: string
  /** Deliveries that may run at once. Left out: one; `deliver` is then never called before the last call has settled. */
  readonly maxConcurrency?: number
  /**
   * Hands over alerts in order (at least one). Resolves once the receiver has taken every one of them; an alert may be
   * offered again after a failure, with the same id. Gives up soon after the signal is aborted.
   *
   * @throws DeliveryError when some were not taken. Any other error counts as one that may pass.
   */
  deliver(alerts: readonly Alert[], signal: AbortSignal): Promise<void>
  /** Closes and opens files again, for log rotation. Called between deliveries. */
  reopen?(): Promise<void>
  /** Frees what the sink holds. Idempotent. */
  close(): Promise<void>
}

/** Why a delivery failed and what the queue should do about it. */
export interface DeliveryFailure {
  /** How many alerts, counted from the first, were taken all the same. */
  readonly delivered: number
  /** The alert after those will never be taken: it belongs into the dead letters. */
  readonly permanent: boolean
  /** The receiver asked not to be bothered for this long. */
  readonly retryAfterMs: number | undefined
}

/** A failed delivery: `OUTPUT_FAILED` with what the queue needs to know. */
export type DeliveryError = CodedError & DeliveryFailure

/** Builds the error that `deliver` rejects with. The message names the receiver and the reason, without secrets. */
export function deliveryError(
  message: string,
  failure: Partial<DeliveryFailure> = {},
  cause?: unknown,
): DeliveryError {
  const {delivered = 0, permanent = false, retryAfterMs} = failure
  const error = new CodedError('OUTPUT_FAILED', message, cause === undefined ? {} : {cause})
  return Object.assign(error, {delivered, permanent, retryAfterMs})
}

/** What any error means for a delivery. */
export function failureOf(error: unknown): DeliveryFailure {
  if (error instanceof CodedError && 'delivered' in error && 'permanent' in error) {
    return error as DeliveryError
  }
  return {delivered: 0, permanent: false, retryAfterMs: undefined}
}
