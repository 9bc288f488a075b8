import type {Extractor, FieldRef} from '../../compiler/field-ref.ts'
import type {FieldValue} from '../../schema/value.ts'
import type {CapturedFd} from '../../state/capture/captured-fd.ts'
import type {CapturedThread} from '../../state/capture/captured-thread.ts'
import type {CaptureContext} from './capture-context.ts'

/** Reads a field of the moment's captured event. */
export type CaptureExtractor = Extractor<CaptureContext>

/** Makes the extractor of a field with its argument. */
export type CaptureFactory = (
  field: FieldRef,
  environment: {readonly hostname: string},
) => CaptureExtractor

/** Extractors by field name. */
export type CaptureSource = Readonly<Record<string, CaptureFactory>>

/** A field without argument. */
export function plain(extractor: CaptureExtractor): CaptureFactory {
  return () => extractor
}

type OfThread = (thread: CapturedThread, context: CaptureContext) => FieldValue | undefined

/** Reads something of the event's thread; absent without one. */
export function readThread(value: OfThread): CaptureExtractor {
  return context => {
    const {thread} = context
    return thread === undefined ? undefined : value(thread, context)
  }
}

/** A field of the event's thread without argument. */
export function ofThread(value: OfThread): CaptureFactory {
  return plain(readThread(value))
}

/** A field of the descriptor that the event is about. */
export function ofFd(
  value: (fd: CapturedFd, context: CaptureContext) => FieldValue | undefined,
): CaptureFactory {
  return plain(context => {
    const fd = fdOfEvent(context)
    return fd === undefined ? undefined : value(fd, context)
  })
}

const FD_FLAGS = ['creates_fd', 'uses_fd', 'destroys_fd']

/** Whether the event has to do with a descriptor and its thread is known. */
export function hasFdFields({event, thread}: CaptureContext): boolean {
  return thread !== undefined && event.def.flags.some(flag => FD_FLAGS.includes(flag))
}

/** The descriptor that fields describe. */
export function fdOfEvent(context: CaptureContext): CapturedFd | undefined {
  if (!hasFdFields(context)) return undefined
  const {fd, thread, state} = context
  if (fd !== undefined || thread === undefined || thread.lastFd === -1) return fd
  return state.table.fdsOf(thread)?.get(thread.lastFd)
}
