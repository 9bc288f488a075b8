import {CodedError} from '../../diagnostics/error.ts'

/** The error for a file that cannot be read as a BPF object. */
export function invalidObject(message: string, hint?: string, cause?: unknown): CodedError {
  return new CodedError('OBJECT_INVALID', message, {
    ...(hint === undefined ? {} : {hint}),
    ...(cause === undefined ? {} : {cause}),
  })
}

/**
 * Runs a step over bytes that nobody vouches for. Reads outside a buffer and types that do not add up become one clear error.
 * @throws CodedError OBJECT_INVALID
 */
export function guarded<T>(what: string, step: () => T): T {
  try {
    return step()
  } catch (cause) {
    if (cause instanceof CodedError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw invalidObject(`${what} is damaged: ${reason}`, 'compile the object again', cause)
  }
}
