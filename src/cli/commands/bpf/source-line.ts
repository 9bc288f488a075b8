import type {BpfObject, ObjectProgram} from '../../../bpf/elf/object-model.ts'

/** `FILE:LINE: text` of the source line that a slot was made from; undefined when the object does not say. */
export function sourceLineOf(
  {lines}: ObjectProgram,
  {btf}: BpfObject,
  slot: number,
): string | undefined {
  const line = lines.findLast(each => each.slot <= slot)
  if (line === undefined || btf === undefined) return undefined
  const file = btf.types.stringAt(line.file)
  const text = btf.types.stringAt(line.text).trim()
  return `${file}:${line.place >>> 10}: ${text}`
}
