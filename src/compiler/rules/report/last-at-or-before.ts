/** The index of the last of some ascending offsets that is not above a given one; -1 when all are. Logarithmic. */
export function lastAtOrBefore(
  count: number,
  offsetOf: (index: number) => number,
  offset: number,
): number {
  let low = -1
  let high = count
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (offsetOf(middle) <= offset) low = middle
    else high = middle
  }
  return low
}
