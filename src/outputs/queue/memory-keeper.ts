import type {Alert} from '../../schema/alert.ts'
import type {Keeper} from './keeper.ts'

/** What an alert takes in memory besides its texts, in bytes, roughly. */
const ALERT_BYTES = 500

/** Keeps alerts in memory: they are gone with the process. */
export function memoryKeeper(): Keeper {
  const alerts = new Map<number, Alert>()
  const letters = new Map<number, Alert>()
  let last = 0
  return {
    released: () => Number.POSITIVE_INFINITY,
    nextNumber: () => ++last,
    keep(_rank, number, _sinks, alert) {
      alerts.set(number, alert)
      return roughSize(alert)
    },
    forget: (_rank, number) => void alerts.delete(number),
    advance: () => {},
    read: async entries => entries.map(({number}) => alerts.get(number)),
    bury: ({number}, alert) => void letters.set(number, alert),
    unbury: number => void letters.delete(number),
    readLetter: async number => letters.get(number),
    inMemoryAbove: () => 0,
    isOverfull: () => false,
    state: () => ({engine: 'memory', path: undefined, saved: 0, atRisk: 0}),
    ready: async () => {},
    close: async () => {
      alerts.clear()
      return 0
    },
  }
}

function roughSize({message, fields}: Alert): number {
  let size = ALERT_BYTES + message.length
  for (const [name, value] of fields)
    size += name.length + (typeof value === 'string' ? value.length : 8) + 32
  return size
}
