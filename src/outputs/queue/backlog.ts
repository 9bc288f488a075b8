/**
 * What the queue remembers of each alert that it holds: its number, its size and the sinks that still have to take it. A million
 * alerts take about 16 MB. Alerts of one priority stand in one line, in the order of their numbers; the line is made of chunks,
 * and a chunk that nobody needs any more is taken out, wherever it stands.
 */
import {PRIORITIES} from '../../schema/priority.ts'

/** Entries in one chunk. */
const CHUNK = 1024
/** Sinks that one queue serves at most: each has a bit of a 32-bit word. */
export const MAX_SINKS = 32
/** Priorities, 0 the most severe. */
export const RANKS = PRIORITIES.length

interface Chunk {
  readonly numbers: Float64Array
  readonly sizes: Uint32Array
  readonly left: Uint32Array
  used: number
  /** Entries that some sink still has to take. */
  live: number
  next: Chunk | undefined
  previous: Chunk | undefined
}

interface Line {
  first: Chunk
  last: Chunk
}

interface Position {
  chunk: Chunk
  index: number
}

/** One alert in the backlog. Valid while some sink has to take it. */
export interface Entry {
  readonly rank: number
  readonly number: number
  /** Bytes. */
  readonly size: number
  readonly chunk: unknown
  readonly index: number
}

/** The index of everything that waits. */
export interface Backlog {
  /** Alerts held. */
  readonly count: number
  readonly bytes: number
  /** Appends an alert; numbers must grow. `sinks`: one bit for each. */
  add(rank: number, number: number, size: number, sinks: number): void
  /** How many alerts a sink has to take, those being delivered included. */
  waiting(sink: number, rank?: number): number
  /** The next ones for a sink, most severe first, or of one priority. */
  next(sink: number, wanted: NextWanted, rank?: number): Entry[]
  /** Which sinks have to take it. */
  sinksOf(entry: Entry): number
  /** Takes an alert off a sink's list; true when no sink has to take it any more. */
  done(entry: Entry, sink: number): boolean
  /** The oldest of the lowest priority with a number above `above` that is not being delivered. */
  expendable(above: number, isBusy: (number: number) => boolean): Entry | undefined
  /** Up to which number of a priority a sink has everything behind it. */
  cursor(sink: number, rank: number): number
  /** Everything that is held, most severe first. Changes meanwhile are seen or not. */
  entries(): Iterable<Entry>
  /** Puts what an earlier run left before everything that is there. The other backlog is used up. */
  putBefore(older: Backlog): void
}

/** What {@link Backlog.next} is asked for. */
export interface NextWanted {
  readonly count: number
  /** One is given whatever its size. */
  readonly bytes: number
  /** The highest number wanted. */
  readonly upTo: number
  /** Numbers to pass over. */
  readonly skip: {has(number: number): boolean}
}

/** An empty backlog. */
export function createBacklog(): Backlog {
  const lines: Line[] = Array.from({length: RANKS}, newLine)
  const heads = new Map<number, Position>()
  const waiting = new Float64Array(MAX_SINKS * RANKS)
  let count = 0
  let bytes = 0

  /** The place of the first entry that a sink has to take, in a line. */
  const headOf = (sink: number, rank: number): Position => {
    const key = sink * RANKS + rank
    let head = heads.get(key)
    if (head === undefined) {
      head = {chunk: lines[rank]!.first, index: 0}
      heads.set(key, head)
    }
    advance(head, sink)
    return head
  }

  const entryAt = (rank: number, chunk: Chunk, index: number): Entry => ({
    rank,
    number: chunk.numbers[index]!,
    size: chunk.sizes[index]!,
    chunk,
    index,
  })

  const collect = (sink: number, rank: number, wanted: NextWanted, found: Entry[]): void => {
    let size = found.reduce((sum, entry) => sum + entry.size, 0)
    const head = headOf(sink, rank)
    let chunk: Chunk | undefined = head.chunk
    let index = head.index
    for (; chunk !== undefined; chunk = chunk.next, index = 0) {
      for (; index < chunk.used; index++) {
        if (!hasBit(chunk.left[index]!, sink)) continue
        const number = chunk.numbers[index]!
        if (number > wanted.upTo) return
        if (wanted.skip.has(number)) continue
        size += chunk.sizes[index]!
        // One is always taken, however large it is.
        if (found.length > 0 && size > wanted.bytes) return
        found.push(entryAt(rank, chunk, index))
        if (found.length >= wanted.count) return
      }
    }
  }

  const backlog: Backlog & {readonly lines: Line[]; readonly counts: Float64Array} = {
    lines,
    counts: waiting,
    get count() {
      return count
    },
    get bytes() {
      return bytes
    },
    add(rank, number, size, sinks) {
      const line = lines[rank]!
      let chunk = line.last
      if (chunk.used === CHUNK) {
        const next = newChunk()
        next.previous = chunk
        chunk.next = next
        line.last = next
        if (chunk.live === 0) unlink(line, chunk)
        chunk = next
      }
      const index = chunk.used++
      chunk.numbers[index] = number
      chunk.sizes[index] = size
      chunk.left[index] = sinks
      if (sinks === 0) return
      chunk.live++
      count++
      bytes += size
      for (let sink = 0; sink < MAX_SINKS; sink++)
        if (hasBit(sinks, sink)) waiting[sink * RANKS + rank]! += 1
    },
    waiting(sink, rank) {
      if (rank !== undefined) return waiting[sink * RANKS + rank]!
      let sum = 0
      for (let each = 0; each < RANKS; each++) sum += waiting[sink * RANKS + each]!
      return sum
    },
    next(sink, wanted, only) {
      const found: Entry[] = []
      for (let rank = only ?? 0; rank <= (only ?? RANKS - 1); rank++) {
        if (found.length >= wanted.count) break
        if (waiting[sink * RANKS + rank]! > 0) collect(sink, rank, wanted, found)
      }
      return found
    },
    sinksOf: ({chunk, index}) => (chunk as Chunk).left[index]!,
    done(entry, sink) {
      const chunk = entry.chunk as Chunk
      const before = chunk.left[entry.index]!
      if (!hasBit(before, sink)) return false
      const after = (before & ~(1 << sink)) >>> 0
      chunk.left[entry.index] = after
      waiting[sink * RANKS + entry.rank]! -= 1
      if (after !== 0) return false
      count--
      bytes -= entry.size
      const line = lines[entry.rank]!
      if (--chunk.live === 0 && chunk !== line.last) unlink(line, chunk)
      return true
    },
    expendable(above, isBusy) {
      for (let rank = RANKS - 1; rank >= 0; rank--) {
        for (let chunk: Chunk | undefined = lines[rank]!.first; chunk; chunk = chunk.next) {
          if (chunk.live === 0 || chunk.numbers[chunk.used - 1]! <= above) continue
          for (let index = 0; index < chunk.used; index++) {
            const number = chunk.numbers[index]!
            if (chunk.left[index] !== 0 && number > above && !isBusy(number))
              return entryAt(rank, chunk, index)
          }
        }
      }
      return undefined
    },
    cursor(sink, rank) {
      const {chunk, index} = headOf(sink, rank)
      if (index < chunk.used) return chunk.numbers[index]! - 1
      return chunk.used > 0 ? chunk.numbers[chunk.used - 1]! : 0
    },
    *entries() {
      for (let rank = 0; rank < RANKS; rank++) {
        for (let chunk: Chunk | undefined = lines[rank]!.first; chunk; chunk = chunk.next) {
          for (let index = 0; index < chunk.used; index++)
            if (chunk.left[index] !== 0) yield entryAt(rank, chunk, index)
        }
      }
    },
    putBefore(older) {
      const given = older as typeof backlog
      for (const [rank, line] of lines.entries()) {
        const before = given.lines[rank]!
        before.last.next = line.first
        line.first.previous = before.last
        line.first = before.first
        // Only the last chunk of a line may be empty of live entries.
        if (before.last.live === 0) unlink(line, before.last)
      }
      for (const [at, more] of given.counts.entries()) waiting[at]! += more
      count += given.count
      bytes += given.bytes
      heads.clear()
    },
  }
  return backlog
}

function newChunk(): Chunk {
  return {
    numbers: new Float64Array(CHUNK),
    sizes: new Uint32Array(CHUNK),
    left: new Uint32Array(CHUNK),
    used: 0,
    live: 0,
    next: undefined,
    previous: undefined,
  }
}

function newLine(): Line {
  const chunk = newChunk()
  return {first: chunk, last: chunk}
}

/** Takes a chunk out of a line. It still knows its follower, for positions that stand in it. */
function unlink(line: Line, chunk: Chunk): void {
  if (chunk.previous === undefined) line.first = chunk.next!
  else chunk.previous.next = chunk.next
  if (chunk.next !== undefined) chunk.next.previous = chunk.previous
}

function advance(head: Position, sink: number): void {
  for (;;) {
    const {chunk} = head
    while (head.index < chunk.used && !hasBit(chunk.left[head.index]!, sink)) head.index++
    if (head.index < chunk.used || chunk.next === undefined) return
    head.chunk = chunk.next
    head.index = 0
  }
}

function hasBit(word: number, bit: number): boolean {
  return ((word >>> bit) & 1) === 1
}
