/**
 * A gate in front of the regular expression engine, which understands more than the language allows: only POSIX egrep syntax
 * passes. It also bounds how large the program of a pattern can get through repetition.
 *
 *     pattern = branch { "|" branch }
 *     branch  = { atom [ "*" | "+" | "?" | "{" n [ "," [ m ] ] "}" ] }
 *     atom    = "(" pattern ")" | "[" class "]" | "^" | "$" | "." | escape | any other character
 */

/** Steps that all repetitions together may unfold to. */
const MAX_UNFOLDED = 20000

/** Largest number in braces. */
const MAX_REPEAT = 1000

/** Deepest nesting of groups. */
const MAX_DEPTH = 100

interface Scan {
  readonly pattern: string
  at: number
}

/** Why a pattern is not POSIX egrep syntax; undefined when it is. Takes text, not bytes. */
export function dialectProblem(pattern: string): string | undefined {
  const scan: Scan = {pattern, at: 0}
  try {
    const size = scanPattern(scan, 0)
    if (scan.at < pattern.length) return "has a ')' too many"
    return size > MAX_UNFOLDED ? 'repeats too much' : undefined
  } catch (error) {
    if (error instanceof DialectError) return error.message
    throw error
  }
}

class DialectError extends Error {}

/** Returns how many steps the pattern unfolds to. */
function scanPattern(scan: Scan, depth: number): number {
  if (depth > MAX_DEPTH) throw new DialectError('nests its groups too deeply')
  let size = 1
  let atom = 0
  for (; scan.at < scan.pattern.length; ) {
    const char = scan.pattern[scan.at]!
    if (char === ')') break
    if (char === '|') {
      scan.at++
      size += atom + 1
      atom = 0
      continue
    }
    const times = scanRepeat(scan)
    if (times !== undefined) {
      if (atom === 0) throw new DialectError(`has nothing to repeat before '${char}'`)
      if (scan.at < scan.pattern.length && /[*+?]/.test(scan.pattern[scan.at]!))
        throw new DialectError(`repeats a repetition: '${char}${scan.pattern[scan.at]}'`)
      size += atom * times
      atom = 0
      continue
    }
    size += atom
    atom = scanAtom(scan, depth)
    if (size > MAX_UNFOLDED) throw new DialectError('repeats too much')
  }
  return size + atom
}

/** A repetition at the cursor: how often it unfolds its atom. A brace that is no repetition is an ordinary character. */
function scanRepeat(scan: Scan): number | undefined {
  const char = scan.pattern[scan.at]!
  if (char === '*' || char === '+' || char === '?') {
    scan.at++
    return 1
  }
  if (char !== '{') return undefined
  const match = /^\{(\d{1,9})(?:(,)(\d{1,9})?)?\}/.exec(scan.pattern.slice(scan.at, scan.at + 32))
  if (match === null) return undefined
  const low = Number(match[1])
  const high = match[3] === undefined ? low : Number(match[3])
  if (low > MAX_REPEAT || high > MAX_REPEAT || high < low)
    throw new DialectError(`has the bad repetition '${match[0]}'`)
  scan.at += match[0].length
  return Math.max(high, low) + 1
}

function scanAtom(scan: Scan, depth: number): number {
  const char = scan.pattern[scan.at]!
  if (char === '(') {
    scan.at++
    if (scan.pattern[scan.at] === '?') throw new DialectError("has Perl syntax: '(?'")
    const size = scanPattern(scan, depth + 1)
    if (scan.pattern[scan.at] !== ')') throw new DialectError("lacks a ')'")
    scan.at++
    return size + 1
  }
  if (char === '[') return scanClass(scan)
  if (char === '\\') return scanEscape(scan)
  scan.at += (scan.pattern.codePointAt(scan.at) ?? 0) > 0xffff ? 2 : 1
  return 1
}

/** A bracket expression: `]` right after the opening is a member, `[:name:]` a class, a backslash begins an escape. */
function scanClass(scan: Scan): number {
  const {pattern} = scan
  scan.at++
  if (pattern[scan.at] === '^') scan.at++
  for (let first = true; scan.at < pattern.length; first = false) {
    const char = pattern[scan.at]!
    if (char === ']' && !first) {
      scan.at++
      return 2
    }
    if (pattern.startsWith('[:', scan.at)) {
      const end = pattern.indexOf(':]', scan.at + 2)
      if (end >= 0) {
        scan.at = end + 2
        continue
      }
    }
    if (char === '\\') scanEscape(scan)
    else scan.at++
  }
  throw new DialectError("lacks a ']'")
}

/** Escapes of single characters: punctuation, `\n` and its like, octal and hexadecimal codes. No classes, no anchors. */
function scanEscape(scan: Scan): number {
  const rest = scan.pattern.slice(scan.at, scan.at + 14)
  const match =
    /^\\(?:[!-/:-@[-`{-~ ]|[aftnrv]|[0-7]{1,3}|x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]{1,6}\})/.exec(rest)
  if (match === null)
    throw new DialectError(
      rest.length < 2 ? 'ends in a backslash' : `has the bad escape '${rest.slice(0, 2)}'`,
    )
  scan.at += match[0].length
  return 1
}
