/** Priorities by rank, most severe first, as alerts spell them. */
export const PRIORITIES = [
  'Emergency',
  'Alert',
  'Critical',
  'Error',
  'Warning',
  'Notice',
  'Informational',
  'Debug',
] as const

/** The severity of a rule. */
export type Priority = (typeof PRIORITIES)[number]

/** Reads a priority in any letter case (`info` is short for informational); undefined when it is none. */
export function parsePriority(text: string): Priority | undefined {
  const wanted = text.toLowerCase()
  if (wanted === 'info') return 'Informational'
  return PRIORITIES.find(name => name.toLowerCase() === wanted)
}

/** 0 (emergency) to 7 (debug). */
export function priorityRank(priority: Priority): number {
  return PRIORITIES.indexOf(priority)
}
