/** Builds the bytes of made-up captures. */

/** A little-endian integer of so many bytes, a text, or bytes. */
export type Piece = readonly [size: 1 | 2 | 4 | 8, value: number | bigint] | string | Buffer

/** Pieces, one behind the other. */
export function bytesFrom(...parts: readonly Piece[]): Buffer {
  return Buffer.concat(
    parts.map(part => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1')
      if (Buffer.isBuffer(part)) return part
      const [size, value] = part
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
      return bytes.subarray(0, size)
    }),
  )
}

/** A text behind its length. */
export function shortText(text: string): Buffer {
  return bytesFrom([2, text.length], text)
}

/** A block with its frame and padding. */
export function block(type: number, ...body: readonly Piece[]): Buffer {
  const content = bytesFrom(...body)
  const padding = Buffer.alloc((4 - (content.length % 4)) % 4)
  const length = 12 + content.length + padding.length
  return bytesFrom([4, type], [4, length], content, padding, [4, length])
}

/** The block that every capture begins with. */
export function sectionBlock(major = 1): Buffer {
  return block(0x0a0d0d0a, [4, 0x1a2b3c4d], [2, major], [2, 2], [8, -1])
}

/** A machine with one processor. */
export function machineBlock(hostname = 'made-up', bootNs = 1000n): Buffer {
  const name = Buffer.alloc(128)
  name.write(hostname)
  return block(0x201, [4, 1], [8, 0], [8, 0], name, [8, bootNs], [8, 0], [8, 0], [8, 0])
}

/** What a made-up thread of the process list is like. */
export interface ThreadParts {
  readonly tid: number
  readonly pid?: number
  readonly parentTid?: number
  readonly comm?: string
  readonly args?: readonly string[]
  readonly cwd?: string
}

/** A process list of version 9 with these threads; the optional tail is left out. */
export function processBlock(...threads: readonly ThreadParts[]): Buffer {
  return block(
    0x215,
    ...threads.map(({tid, pid = tid, parentTid = 1, comm = 'cat', args = [], cwd = '/work'}) => {
      const entry = bytesFrom(
        ...[tid, pid, parentTid, pid, pid].map(id => [8, id] as const),
        shortText(comm),
        shortText(comm),
        shortText(`/usr/bin/${comm}`),
        shortText(args.map(word => `${word}\0`).join('')),
        shortText(cwd),
        [8, 1024],
        [4, tid === pid ? 0 : 8193],
        [4, 1000],
        [4, 1000],
        ...[10, 20, 30].map(kb => [4, kb] as const),
        [8, 1],
        [8, 2],
        shortText('HOME=/root\0'),
        [8, tid],
        [8, pid],
        shortText('cpu=/\0'),
        shortText('/'),
      )
      return bytesFrom([4, entry.length + 4], entry)
    }),
  )
}

/** One parameter of a made-up event: an integer with its size, text that gets its NUL, bytes, or nothing. */
export type EventParam =
  | readonly [size: 1 | 2 | 4 | 8, value: number | bigint]
  | string
  | Buffer
  | undefined

/** An event block of version 2. */
export function eventBlock(
  code: number,
  tid: number,
  params: readonly EventParam[],
  options: {readonly timeNs?: bigint; readonly type?: number} = {},
): Buffer {
  const {timeNs = 5_000_000_000n, type = 0x216} = options
  const values = params.map(param =>
    param === undefined
      ? Buffer.alloc(0)
      : typeof param === 'string'
        ? bytesFrom(`${param}\0`)
        : bytesFrom(param),
  )
  const lengths = values.map(value => [2, value.length] as const)
  const payload = bytesFrom(...lengths, ...values)
  const withCount = type !== 0x204
  return block(
    type,
    [2, 0],
    [8, timeNs],
    [8, tid],
    [4, (withCount ? 26 : 22) + payload.length],
    [2, code],
    ...(withCount ? [[4, params.length] as const] : []),
    payload,
  )
}

/** Today's `open` with its result. */
export function openBlock(tid: number, fd: number, name: string, flags = 1): Buffer {
  return eventBlock(3, tid, [[8, fd], name, [4, flags], [4, 0], [4, 0], [8, 0]])
}
