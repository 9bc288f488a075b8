/** Longer words are not compared: the cost grows with the product of the lengths. */
const MAX_LENGTH = 100

/**
 * The candidate closest to a misspelled word: fewest edits (insert, delete, replace, swap of neighbours; letter case
 * is free), the first in order among equals. Undefined when none is near: at most one edit for words up to four
 * characters, two up to eight, three beyond. Words over 100 characters get no answer.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > MAX_LENGTH) return undefined
  const wanted = word.toLowerCase()
  let bound = word.length <= 4 ? 1 : word.length <= 8 ? 2 : 3
  let best: string | undefined
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) > bound) continue
    const distance = editDistance(wanted, candidate.toLowerCase(), bound)
    if (distance > bound) continue
    best = candidate
    if (distance === 0) break
    bound = distance - 1
  }
  return best
}

/** Edits between two words; any number above `bound` when there are more than that. */
function editDistance(a: string, b: string, bound: number): number {
  let beforeLast: number[] = []
  let last = Array.from({length: b.length + 1}, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1)
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1)
      row.push(cost)
      least = Math.min(least, cost)
    }
    if (least > bound) return bound + 1
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
