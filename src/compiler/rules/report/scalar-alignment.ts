const BLANK = /\s/

/**
 * Finds the characters of a scalar's text again in the file. Folding and indentation only change blanks, so all other
 * characters stand in the file in the same order. The result has an offset for each of them, -1 for blanks and from the first
 * character on that cannot be told (behind an escape that names a character by number). Linear.
 *
 * @param place - where the scalar begins and ends in the file, quotes and block header included
 */
export function alignScalar(
  source: string,
  place: {readonly offset: number; readonly end?: number},
  text: string,
): Int32Array {
  const offsets = new Int32Array(text.length).fill(-1)
  const end = place.end ?? place.offset
  const style = source[place.offset]
  let at = place.offset
  if (style === '|' || style === '>') at = source.indexOf('\n', at) + 1 || end
  else if (style === '"' || style === "'") at++
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (BLANK.test(char)) continue
    at = skipBlanks(source, at, style === '"')
    const width = writtenWidth(source, at, char, style)
    if (at + width > end || width === 0) return offsets
    offsets[i] = at
    at += width
  }
  return offsets
}

/** In double quotes some blanks are written as escapes. */
function skipBlanks(source: string, from: number, escapes: boolean): number {
  let at = from
  for (;;) {
    if (at < source.length && BLANK.test(source[at]!)) at++
    else if (escapes && source[at] === '\\' && /[\sntr]/.test(source[at + 1] ?? '')) at += 2
    else return at
  }
}

/** How many characters of the file stand for this one; 0 when it is not what the file has here. */
function writtenWidth(source: string, at: number, char: string, style: string | undefined): number {
  if (style === "'" && char === "'") return source.startsWith("''", at) ? 2 : 0
  if (style === '"' && source[at] === '\\') {
    return source[at + 1] === char && /["\\/]/.test(char) ? 2 : 0
  }
  return source[at] === char ? 1 : 0
}
