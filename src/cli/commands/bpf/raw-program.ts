import {readFileSync, statSync} from 'node:fs'
import {CodedError} from '../../../diagnostics/error.ts'
import {readKernelBtf} from '../../../sensor/kernel-btf.ts'
import type {VerifierInput, VerifierMap, VerifierProgramType} from '../../../verifier/input.ts'

const TYPES: readonly VerifierProgramType[] = [
  'raw_tracepoint',
  'tracepoint',
  'kprobe',
  'perf_event',
  'socket_filter',
  'tp_btf',
  'iter',
]
const MAX_FILE_BYTES = 64 << 20
/** Most instructions of one program. */
const MAX_WORDS = 1_000_000
const MAX_NESTED_MAPS = 2

/** A program in JSON, with a name. */
export interface RawProgram {
  readonly name: string
  readonly input: VerifierInput
}

/**
 * Reads programs in JSON: one object or an array of them, with `prog_type`, `license`, `insns` (`0x` and 16 digits, the 8 bytes of
 * an instruction as a little-endian number) and `maps` (`type`, `key_size`, `value_size`, `max_entries`, `flags`, `init`, `frozen`,
 * `inner`); `attach` for `tp_btf` and `iter`; `name`.
 * @throws CodedError CLI_USAGE with the place of what is wrong
 */
export function readRawPrograms(path: string): RawProgram[] {
  let parsed: unknown
  try {
    const stat = statSync(path)
    if (!stat.isFile()) throw new Error('not a file')
    if (stat.size > MAX_FILE_BYTES) throw new Error('too large')
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CodedError('CLI_USAGE', `cannot read ${path}: ${reason}`, {cause})
  }
  const entries = Array.isArray(parsed) ? parsed : [parsed]
  return entries.map((entry, index) => rawProgram(entry, `${path}[${index}]`))
}

function rawProgram(entry: unknown, place: string): RawProgram {
  const fields = fieldsOf(entry, place)
  const type = TYPES.find(each => each === fields.get('prog_type'))
  if (type === undefined) throw invalid(`${place}.prog_type`, `one of ${TYPES.join(', ')}`)
  const words = fields.get('insns')
  if (!Array.isArray(words) || words.length > MAX_WORDS) throw invalid(`${place}.insns`, 'an array')
  const code = Buffer.alloc(words.length * 8)
  words.forEach((word: unknown, index) => {
    if (typeof word !== 'string' || !/^0x[0-9a-f]{16}$/i.test(word))
      throw invalid(`${place}.insns[${index}]`, '0x and 16 hexadecimal digits')
    code.writeBigUInt64LE(BigInt(word), index * 8)
  })
  const maps = fields.get('maps') ?? []
  if (!Array.isArray(maps)) throw invalid(`${place}.maps`, 'an array')
  const attach = fields.get('attach')
  const usesTypes = type === 'tp_btf' || type === 'iter'
  return {
    name: textOf(fields.get('name') ?? place, `${place}.name`),
    input: {
      code,
      type,
      license: textOf(fields.get('license') ?? '', `${place}.license`),
      maps: maps.map((map: unknown, index) => rawMap(map, `${place}.maps[${index}]`, 0)),
      ...(attach === undefined ? {} : {attach: textOf(attach, `${place}.attach`)}),
      ...(usesTypes ? {btf: readKernelBtf()} : {}),
    },
  }
}

function rawMap(entry: unknown, place: string, depth: number): VerifierMap {
  if (depth > MAX_NESTED_MAPS) throw invalid(place, 'no map of maps of maps')
  const fields = fieldsOf(entry, place)
  const number = (name: string): number => {
    const value = fields.get(name) ?? 0
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      throw invalid(`${place}.${name}`, 'a whole number below 2^32')
    return value
  }
  const init = fields.get('init')
  const inner = fields.get('inner')
  return {
    type: textOf(fields.get('type'), `${place}.type`),
    keySize: number('key_size'),
    valueSize: number('value_size'),
    maxEntries: number('max_entries'),
    flags: number('flags'),
    frozen: fields.get('frozen') === true,
    ...(init === undefined ? {} : {contents: Buffer.from(textOf(init, `${place}.init`), 'hex')}),
    ...(inner === undefined ? {} : {inner: rawMap(inner, `${place}.inner`, depth + 1)}),
  }
}

/** Own members only, so that names of an object's prototype mean nothing. */
function fieldsOf(entry: unknown, place: string): Map<string, unknown> {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw invalid(place, 'an object')
  return new Map(Object.entries(entry))
}

function textOf(value: unknown, place: string): string {
  if (typeof value !== 'string') throw invalid(place, 'a text')
  return value
}

function invalid(place: string, wanted: string): CodedError {
  return new CodedError('CLI_USAGE', `${place} must be ${wanted}`)
}
