/** A map that forgets what has not been asked for lately. */
export interface RecentMap<K, V> {
  /** The value of a key, made when it is not there. */
  getOrMake(key: K, make: () => V): V
  /** Whether the value of a key is there, which counts as asking for it. */
  has(key: K): boolean
  /** Begins a new round: what was not asked for in the round that ends is gone after the next one. */
  nextRound(): void
}

/** An empty map. */
export function createRecentMap<K, V>(): RecentMap<K, V> {
  let current = new Map<K, {readonly value: V}>()
  let before: ReadonlyMap<K, {readonly value: V}> = new Map()
  return {
    getOrMake(key, make) {
      const known = current.get(key)
      if (known !== undefined) return known.value
      const entry = before.get(key) ?? {value: make()}
      current.set(key, entry)
      return entry.value
    },
    has(key) {
      const known = current.get(key) ?? before.get(key)
      if (known !== undefined) current.set(key, known)
      return known !== undefined
    },
    nextRound() {
      before = current
      current = new Map()
    },
  }
}
