/** A sample of a page of metrics. */
export interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/y
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(.*)\\})? (-?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Inf)|NaN)$`,
)

/**
 * Reads a page of metrics in the text format 0.0.4, and takes nothing that the format does not allow: each family has one HELP
 * and one TYPE line ahead of all its samples, no sample occurs twice, counters end in `_total` and are not negative, and the
 * page ends in a newline.
 */
export function parseExposition(page: string): ParsedSample[] {
  if (!page.endsWith('\n')) throw new Error('the page does not end in a newline')
  const samples: ParsedSample[] = []
  const types = new Map<string, string>()
  const seen = new Set<string>()
  let helped: string | undefined
  let family: string | undefined
  for (const line of page.slice(0, -1).split('\n')) {
    const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line)
    if (comment !== null) {
      const [, word, name = '', text = ''] = comment
      if (types.has(name)) throw new Error(`${name} is described twice`)
      if (word === 'HELP') {
        if (helped !== undefined) throw new Error(`${helped} has no TYPE`)
        helped = name
      } else {
        if (helped !== name) throw new Error(`TYPE of ${name} does not follow its HELP`)
        if (text !== 'counter' && text !== 'gauge') throw new Error(`unknown type ${text}`)
        if ((text === 'counter') !== name.endsWith('_total'))
          throw new Error(`${name} is a ${text}`)
        types.set(name, text)
        helped = undefined
        family = name
      }
      continue
    }
    const match = SAMPLE.exec(line)
    if (match === null) throw new Error(`no sample: ${JSON.stringify(line)}`)
    const [, name = '', inner = '', value = ''] = match
    if (name !== family) throw new Error(`${name} stands outside of its family`)
    const labels = parseLabels(inner)
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`
    if (seen.has(key)) throw new Error(`twice: ${key}`)
    seen.add(key)
    if (types.get(name) === 'counter' && Number(value) < 0) throw new Error(`${name} is negative`)
    samples.push({name, labels, value: Number(value)})
  }
  return samples
}

/** The sample with this name and these labels, among others. @throws Error unless there is exactly one */
export function sampleOf(
  samples: readonly ParsedSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const found = samples.filter(
    sample =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  if (found.length !== 1)
    throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`)
  return found[0]!.value
}

function parseLabels(inner: string): Record<string, string> {
  const labels: [string, string][] = []
  let at = 0
  while (at < inner.length) {
    LABEL.lastIndex = at
    const match = LABEL.exec(inner)
    if (match === null) throw new Error(`no labels: ${inner}`)
    const [whole, name = '', value = ''] = match
    if (labels.some(([known]) => known === name)) throw new Error(`label ${name} twice`)
    const text = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
    labels.push([name, text])
    at += whole.length
    if (at === inner.length && whole.endsWith(',')) throw new Error('a comma at the end')
  }
  return Object.fromEntries(labels)
}
