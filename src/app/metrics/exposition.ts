/**
 * The text form of metrics that Prometheus reads (text format 0.0.4). Everything is counted elsewhere already, so that a page of
 * metrics is a picture of these counts and nothing is kept here.
 */

/** One metric with its samples. */
export interface MetricFamily {
  /** `detector_…`, in lower case; counters end in `_total`. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** A value, and what it belongs to. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** The `Content-Type` of the page. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Writes the page. Families without samples are left out. */
export function exposition(families: readonly MetricFamily[]): string {
  return families
    .filter(({samples}) => samples.length > 0)
    .map(familyText)
    .join('')
}

function familyText({name, type, help, samples}: MetricFamily): string {
  const lines = [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({labels, value}) => `${name}${labelsText(labels)} ${value}`),
  ]
  return `${lines.join('\n')}\n`
}

function labelsText(labels: Sample['labels']): string {
  const pairs = Object.entries(labels ?? {})
  if (pairs.length === 0) return ''
  return `{${pairs.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`
}

/** Rule names come from files: whatever is in them must not end the value or the line. */
function escaped(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replace(/[\u0000-\u001f\u007f]/g, '\ufffd')
}
