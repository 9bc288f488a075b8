/** Lines of text stay within this many columns where their words allow it. */
const WIDTH = 100

/**
 * A text behind a label, in columns: lines that grow too long are broken at blanks and go on below the text.
 *
 * @param at - column of the label
 * @param width - of the label with what separates it
 */
export function labelled(at: number, width: number, label: string, text: string): string[] {
  const indent = ' '.repeat(at)
  const room = Math.max(20, WIDTH - at - width)
  return wrapped(text, room).map((line, number) =>
    number === 0
      ? `${indent}${label.padEnd(width)}${line}`
      : `${indent}${' '.repeat(width)}${line}`,
  )
}

function wrapped(text: string, room: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Rows in columns: the first one is the heads. Numbers, and heads above them, stand at the right. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const [heads = [], ...body] = rows
  const widths = heads.map((_, at) => Math.max(...rows.map(row => (row[at] ?? '').length)))
  const isNumber = heads.map((_, at) => body.every(row => /^[<\d., %]*$/.test(row[at] ?? '')))
  return rows.map(row =>
    row
      .map((cell, at) => (isNumber[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd(),
  )
}

/** A share from 0 to 1 for people. */
export function percent(share: number): string {
  const value = share * 100
  if (value > 0 && value < 0.1) return '< 0.1%'
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)}%`
}
