/**
 * What stands in the store. Keys sort as alerts are delivered:
 *
 *     'r' rank number        an alert: 1 + 1 + 8 bytes, the number big-endian
 *     'd' number             a dead letter: 1 + 8 bytes
 *     's' name               how far a sink has come in each priority
 *     'm'                    the next number, and how many alerts there are
 *
 * Values carry a checksum over their key and themselves, since the store does not look at its own when it reads:
 *
 *     0       4         5                7             7 + length
 *     crc32   version   length of head   head (UTF-8)  body (UTF-8)
 *
 * The head of an alert names the sinks that it is for, one a line; that of a dead letter is its sink.
 */
import {crc32} from 'node:zlib'

/** Grows when an older detector could misread a value. */
const VERSION = 1
const HEAD_AT = 7
const MAX_HEAD = 0xffff

/** First bytes of keys. */
export const KEY = {alert: 0x72, dead: 0x64, sink: 0x73, meta: 0x6d} as const

/** A value taken apart. */
export interface Parts {
  readonly head: string
  readonly body: string
}

/** The key of an alert. Numbers up to 2^53 - 1. */
export function alertKey(rank: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(10)
  key[0] = KEY.alert
  key[1] = rank
  writeNumber(key, number, 2)
  return key
}

/** The key of a dead letter. */
export function deadKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = KEY.dead
  writeNumber(key, number, 1)
  return key
}

/** The key of a sink's progress. */
export function sinkKey(name: string): Buffer {
  return Buffer.concat([Buffer.of(KEY.sink), Buffer.from(name)])
}

/** The key of the counters. */
export function metaKey(): Buffer {
  return Buffer.of(KEY.meta)
}

/** What an alert's or dead letter's key says; undefined for other keys. */
export function parseKey(
  key: Uint8Array,
): {readonly kind: 'alert' | 'dead'; readonly rank: number; readonly number: number} | undefined {
  if (key.length === 10 && key[0] === KEY.alert && key[1]! < 8)
    return {kind: 'alert', rank: key[1]!, number: readNumber(key, 2)}
  if (key.length === 9 && key[0] === KEY.dead)
    return {kind: 'dead', rank: 0, number: readNumber(key, 1)}
  return undefined
}

/** Puts a value together. A head beyond 64 KiB is cut, which makes the value name no sink. */
export function encodeRecord(key: Uint8Array, {head, body}: Parts): Buffer {
  const headBytes = Math.min(MAX_HEAD, Buffer.byteLength(head))
  const value = Buffer.allocUnsafe(HEAD_AT + headBytes + Buffer.byteLength(body))
  value[4] = VERSION
  value.writeUInt16BE(headBytes, 5)
  value.write(head, HEAD_AT, headBytes)
  value.write(body, HEAD_AT + headBytes)
  value.writeUInt32BE(checksum(key, value), 0)
  return value
}

/** Takes a value apart; undefined when it is damaged or of a version that is not known. */
export function decodeRecord(key: Uint8Array, value: Uint8Array): Parts | undefined {
  if (value.length < HEAD_AT) return undefined
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (bytes.readUInt32BE(0) !== checksum(key, value) || bytes[4] !== VERSION) return undefined
  const end = HEAD_AT + bytes.readUInt16BE(5)
  if (end > bytes.length) return undefined
  return {head: bytes.toString('utf8', HEAD_AT, end), body: bytes.toString('utf8', end)}
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  return crc32(value.subarray(4), crc32(key))
}

function writeNumber(into: Buffer, number: number, at: number): void {
  into.writeUInt32BE(Math.floor(number / 0x1_0000_0000), at)
  into.writeUInt32BE(number >>> 0, at + 4)
}

function readNumber(from: Uint8Array, at: number): number {
  const view = new DataView(from.buffer, from.byteOffset + at, 8)
  return view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4)
}
