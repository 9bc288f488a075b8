/** Bytes of paths from common to rare; others are rarer still. Digits count as common, since names that are alike differ in them. */
const COMMON = '0123456789e/tasrioncldumphbgfvy-k_.xwzjq'

/** Two bytes of a text that few paths hold beside each other; undefined for a text of less, or with a NUL. */
export function rarePair(text: string): string | undefined {
  if (text.includes('\0')) return undefined
  let rarest: string | undefined
  for (let at = 0; at + 2 <= text.length; at++) {
    const pair = text.slice(at, at + 2)
    if (rarest === undefined || rarity(pair) > rarity(rarest)) rarest = pair
  }
  return rarest
}

function rarity(pair: string): number {
  return [...pair].reduce((sum, char) => {
    const place = COMMON.indexOf(char)
    return sum + (place < 0 ? COMMON.length : place)
  }, 0)
}
