import type {Log} from '../../diagnostics/log.ts'

/** Different failure texts remembered as already logged; beyond that the memory starts afresh. */
const MAX_REASONS = 100

/** Says failures without repeating itself: reasons of permanent ones once, those that may pass once in each outage. */
export interface FailureLog {
  failed(reason: string, permanent: boolean): void
  works(): void
}

/** The log of one sink's failures. */
export function createFailureLog(log: Log): FailureLog {
  const forGood = new Set<string>()
  const inOutage = new Set<string>()
  return {
    failed(reason, permanent) {
      const told = permanent ? forGood : inOutage
      if (told.has(reason)) return
      if (told.size >= MAX_REASONS) told.clear()
      told.add(reason)
      const fate = permanent ? 'the alert goes to the dead letters' : 'retrying'
      log(permanent ? 'error' : 'warning', `output failed: ${reason}; ${fate}`)
    },
    works: () => inOutage.clear(),
  }
}
