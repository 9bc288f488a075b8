import type {Btf} from '../../../bpf/btf.ts'
import {guarded} from '../../../bpf/elf/invalid-object.ts'
import type {ObjectMap} from '../../../bpf/elf/object-model.ts'
import {formatBytes, formatValue} from '../../../bpf/format-value.ts'
import {mapTypeName} from '../../../bpf/map-types.ts'
import {readMapContents} from '../../../sensor/object/map-contents.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {type ObjectArgs, readObject, shownName} from './object-file.ts'

/** Entries of a loaded map that are printed. */
const MAX_SHOWN = 1000

/**
 * Prints the maps of an object file, or what a loaded map (by its id) holds.
 * @throws CodedError see `readObject` and `readMapContents`
 */
export function runBpfMaps(args: ObjectArgs, io: Pick<CliIo, 'stdout'>): number {
  if (/^[1-9]\d{0,8}$/.test(args.path)) showContents(Number(args.path), args.json, io)
  else showObjectMaps(args, io)
  return EXIT.ok
}

function showObjectMaps({path, json}: ObjectArgs, io: Pick<CliIo, 'stdout'>): void {
  const {maps, btf} = readObject(path)
  if (json) {
    const entries = maps.map(map => ({
      name: map.name,
      type: mapTypeName(map.type),
      key_bytes: map.keySize,
      value_bytes: map.valueSize,
      max_entries: map.maxEntries,
      flags: map.flags,
    }))
    io.stdout(`${JSON.stringify(entries)}\n`)
    return
  }
  const lines = maps.map(map => `${mapLine(map)}${initialValue(map, btf?.types)}`)
  io.stdout(lines.map(line => `${shownName(line)}\n`).join(''))
}

function mapLine(
  map: Pick<ObjectMap, 'name' | 'type' | 'keySize' | 'valueSize' | 'maxEntries' | 'flags'>,
): string {
  const flags = map.flags === 0 ? '' : `, flags 0x${map.flags.toString(16)}`
  const sizes = `key ${map.keySize} bytes, value ${map.valueSize} bytes`
  return `${map.name}: ${mapTypeName(map.type)}, ${sizes}, ${map.maxEntries} entries${flags}`
}

function initialValue({name, data, valueType}: ObjectMap, types: Btf | undefined): string {
  if (data === undefined) return ''
  const text =
    types === undefined || valueType === 0
      ? formatBytes(data)
      : guarded(`the type of ${name}`, () => formatValue(types, valueType, data))
  return ` = ${text}`
}

function showContents(id: number, json: boolean, io: Pick<CliIo, 'stdout'>): void {
  const {facts, entries, more, types} = readMapContents(id, MAX_SHOWN)
  const shown = (type: number, bytes: Buffer): string =>
    types === undefined || type === 0 ? formatBytes(bytes) : formatValue(types.btf, type, bytes)
  const rows = entries.map(({key, values}) => ({
    key: shown(types?.key ?? 0, key),
    values: values.map(value => shown(types?.value ?? 0, value)),
  }))
  if (json) {
    const head = {
      id,
      name: facts.name,
      type: mapTypeName(facts.type),
      key_bytes: facts.keySize,
      value_bytes: facts.valueSize,
      max_entries: facts.maxEntries,
    }
    io.stdout(`${JSON.stringify({...head, entries: rows, more})}\n`)
    return
  }
  const lines = [mapLine(facts)]
  for (const {key, values} of rows) {
    if (values.length === 1) lines.push(`${key}: ${values[0]}`)
    else for (const [cpu, value] of values.entries()) lines.push(`${key} on CPU ${cpu}: ${value}`)
  }
  if (more) lines.push(`… only the first ${MAX_SHOWN} entries are shown`)
  io.stdout(lines.map(line => `${shownName(line)}\n`).join(''))
}
