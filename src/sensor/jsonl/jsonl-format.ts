/**
 * The form of `.jsonl` captures: one JSON object a line, encoded in UTF-8.
 *
 *     {"format":"detector-capture","version":1,"machine":{…}}     first line
 *     {"thread":{…}}  {"fd":{…}}  {"interface":{…}}  {"user":{…}}  {"group":{…}}  {"machine":{…}}
 *     {"def":{…}}                                                 an event of ours that no table holds, ahead of its use
 *     {"num":1,"time":"…","tid":7,"cpu":0,"code":307,"type":"openat","params":{…},"live":{…}}
 *
 * A file whose first line names no format holds field events.
 */

/** What the first line says. */
export const FORMAT = 'detector-capture'
/** Changes when older readers would misread the file. */
export const VERSION = 1

/** Longest line that is read. An event of 32 parameters of 64 KiB each, in hexadecimal, takes 4 MiB. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024
/** Deepest nesting of objects and arrays; ours go to 4. */
export const MAX_DEPTH = 8
/** Events that a file may define. */
export const MAX_DEFS = 4096

const [OPEN_BRACE, LINE_FEED, RETURN, SPACE, TAB] = [0x7b, 0x0a, 0x0d, 0x20, 0x09]
/** What a `.scap` file begins with; the first of these bytes would be an empty line else. */
const SCAP_START = Buffer.from([0x0a, 0x0d, 0x0d, 0x0a])

/** Whether bytes begin with an object in text, blanks aside. */
export function isJsonlStart(bytes: Buffer): boolean {
  if (bytes.subarray(0, SCAP_START.length).equals(SCAP_START)) return false
  for (const byte of bytes) {
    if (byte === OPEN_BRACE) return true
    if (byte !== LINE_FEED && byte !== RETURN && byte !== SPACE && byte !== TAB) return false
  }
  return false
}
