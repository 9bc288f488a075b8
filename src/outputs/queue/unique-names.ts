/** The same names with a number behind those that came before: the queue remembers sinks by their names. */
export function uniqueNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return names.map(name => {
    // Names are stored one a line.
    const plain = name.replaceAll('\n', ' ')
    const count = (seen.get(plain) ?? 0) + 1
    seen.set(plain, count)
    return count === 1 ? plain : `${plain} #${count}`
  })
}
