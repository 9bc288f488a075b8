import type {Alert} from '../../src/schema/alert.ts'

/** An alert for tests; what matters to a case is passed in. */
export function mkAlert(changes: Partial<Alert> = {}): Alert {
  return {
    id: 'a1',
    timeNs: 1_470_327_477_881_781_397n,
    hostname: 'box',
    rule: 'Test rule',
    priority: 'Warning',
    source: 'syscall',
    tags: [],
    message: 'something happened',
    fields: [],
    generation: 1,
    ...changes,
  }
}

/** Alerts with the ids `a1` to `aN`. */
export function mkAlerts(count: number): Alert[] {
  return Array.from({length: count}, (_, index) => mkAlert({id: `a${index + 1}`}))
}
