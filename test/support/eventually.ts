import {setTimeout as pause} from 'node:timers/promises'

/** Settings of {@link eventually}. */
export interface EventuallyOptions {
  /** How long to wait at most. Default 5000. */
  readonly withinMs?: number
  /** What is waited for, for the message. */
  readonly what?: string
}

/** What is left of a type when nothing falsy is. */
type Truthy<T> = Exclude<T, false | 0 | 0n | '' | null | undefined>

/**
 * Waits until the condition gives something truthy, looking every few milliseconds, and returns it.
 *
 * @throws Error when the time is up; the last error of the condition is its cause
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Truthy<T>> {
  const {withinMs = 5000, what = 'the condition'} = options
  const end = performance.now() + withinMs
  let cause: unknown
  do {
    try {
      const result = await condition()
      if (result) return result as Truthy<T>
      cause = undefined
    } catch (error) {
      cause = error
    }
    await pause(5)
  } while (performance.now() < end)
  throw new Error(`${what} did not come true within ${withinMs} ms`, {cause})
}
