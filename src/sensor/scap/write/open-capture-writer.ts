import {CodedError} from '../../../diagnostics/error.ts'
import {createJsonlWriter} from '../../jsonl/jsonl-writer.ts'
import type {CaptureWriter} from './capture-writer.ts'
import {openFileSink} from './file-sink.ts'
import {createScapWriter} from './scap-writer.ts'

/** What goes beside the writing of a capture. */
export interface WriterOptions {
  /** Called once, with `CAPTURE_WRITE`, when the file cannot be written any more; the recording has ended then. */
  readonly onFailure?: ((error: CodedError) => void) | undefined
}

/**
 * Creates a capture file of the form that its name says: `.scap` or `.jsonl`, either followed by `.gz` for a packed one.
 *
 * @throws CodedError `CAPTURE_NAME` when the name ends in none of these, `CAPTURE_WRITE` when the file cannot be created
 */
export function openCaptureWriter(path: string, {onFailure}: WriterOptions = {}): CaptureWriter {
  const [, form, packed] = /\.(scap|jsonl)(\.gz)?$/.exec(path) ?? []
  if (form === undefined)
    throw new CodedError('CAPTURE_NAME', `the name of ${path} says no form of capture`, {
      hint: 'end it in .scap, .jsonl, .scap.gz or .jsonl.gz',
    })
  const sink = openFileSink(path, {isPacked: packed !== undefined, onFailure})
  return form === 'scap' ? createScapWriter(sink) : createJsonlWriter(sink)
}
