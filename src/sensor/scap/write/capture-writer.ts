import type {Event} from '../../../schema/event.ts'
import type {MetadataSink} from '../../../state/metadata.ts'

/**
 * Writes one capture: first what stands in the lists, in any order but each thread ahead of its descriptors, then the events.
 * Everything happens synchronously, and nothing throws: when the file cannot be written any more, the writer says so once (see
 * `openCaptureWriter`) and takes the rest without writing it.
 */
export interface CaptureWriter extends MetadataSink {
  /** Ends the lists. Called for you by the first event and by {@link close}. */
  startEvents(): void
  /** @param stateOnly - the event keeps the state in step and is not for rules */
  event(event: Event, stateOnly?: boolean): void
  /** Events taken. */
  readonly events: number
  /** Bytes taken, before packing. */
  readonly bytes: number
  /** Writes what is left and closes the file. Further calls do nothing. */
  close(): void
}
