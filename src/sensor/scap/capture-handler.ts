import type {Event} from '../../schema/event.ts'
import type {MetadataSink} from '../../state/metadata.ts'
import type {BlockDamage} from './block-splitter.ts'

/** Takes a capture apart. The event object is good only during the call. */
export interface CaptureHandler extends MetadataSink {
  /** @param stateOnly - the event keeps the state in step and is not for rules */
  event(event: Event, stateOnly: boolean): void
  /**
   * Takes one line of field events. Gives what is wrong with it, which ends the reading there. Captures of field events are
   * refused when it is left out.
   *
   * @param number - of the line, from 1
   */
  fieldEvent?(line: string, number: number): string | undefined
}

/** Where and why reading ended before the end of the file. */
export interface CaptureDamage extends BlockDamage {
  /** Number of the line, from 1, in captures that consist of lines. */
  readonly line?: number
}

/** What came of reading a capture. */
export interface CaptureEnd {
  /** Events in the file, those of unknown codes included. */
  readonly events: number
  /** Events that no table knows, or that newer forms replaced. */
  readonly skipped: number
  /** Offsets are those of the unpacked capture. */
  readonly damage: CaptureDamage | undefined
}

/** Reads one form of capture from its bytes. */
export interface CaptureReader {
  /** Takes the next bytes. False when damage makes further bytes pointless. */
  push(chunk: Buffer): boolean
  /**
   * Says that no more bytes come.
   *
   * @param failure - why the file could not be unpacked to its end
   * @throws CodedError `CAPTURE_INVALID` when it was no capture
   */
  end(name: string, failure: string | undefined): CaptureEnd
}
