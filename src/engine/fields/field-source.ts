import type {Extractor, FieldRef} from '../../compiler/field-ref.ts'
import type {FieldValue} from '../../schema/value.ts'
import type {FdInfo} from '../../state/fd.ts'
import type {Thread} from '../../state/thread.ts'
import type {MatchContext} from '../match-context.ts'

/** Reads a field of the moment's event. */
export type FieldExtractor = Extractor<MatchContext>

/** Makes the extractor of a field with its argument. */
export type FieldFactory = (
  field: FieldRef,
  environment: {readonly hostname: string},
) => FieldExtractor

/** Extractors by field name. */
export type FieldSource = Readonly<Record<string, FieldFactory>>

/** A field without argument. */
export function plain(extractor: FieldExtractor): FieldFactory {
  return () => extractor
}

type OfThread = (thread: Thread, context: MatchContext) => FieldValue | undefined

/** Reads something of the event's thread; absent without one. */
export function readThread(value: OfThread): FieldExtractor {
  return context => {
    const {thread} = context
    return thread === undefined ? undefined : value(thread, context)
  }
}

/** A field of the event's thread without argument. */
export function ofThread(value: OfThread): FieldFactory {
  return plain(readThread(value))
}

/** A field of the descriptor that the event is about. */
export function ofFd(
  value: (fd: FdInfo, context: MatchContext) => FieldValue | undefined,
): FieldFactory {
  return plain(context => {
    const fd = fdOfEvent(context)
    return fd === undefined ? undefined : value(fd, context)
  })
}

const FD_FLAGS = ['creates_fd', 'uses_fd', 'destroys_fd']

/** Whether the event has to do with a descriptor and its thread is known. */
export function hasFdFields({event, thread}: MatchContext): boolean {
  return thread !== undefined && event.def.flags.some(flag => FD_FLAGS.includes(flag))
}

/** The descriptor that fields describe. */
export function fdOfEvent(context: MatchContext): FdInfo | undefined {
  if (!hasFdFields(context)) return undefined
  const {fd, thread, state} = context
  if (fd !== undefined || thread === undefined || thread.lastFd === -1) return fd
  return state.table.fdsOf(thread)?.get(thread.lastFd)
}
