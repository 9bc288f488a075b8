import {closeSync} from 'node:fs'
import type {Btf} from '../../bpf/btf.ts'
import type {BpfObject, ObjectProgram} from '../../bpf/elf/object-model.ts'
import {readKernelBtf} from '../kernel-btf.ts'
import {tryLoad} from './load.ts'
import {loadMaps} from './object-maps.ts'

/**
 * What the kernel says of one program: it is loaded with the object's maps, and everything is unloaded again.
 * @throws CodedError when the program cannot be put to the kernel at all (no rights, no such tracepoint, maps refused)
 */
export function tryJudge(
  program: ObjectProgram,
  object: BpfObject,
): {readonly accepted: boolean; readonly slot: number | undefined; readonly reason: string} {
  const maps = loadMaps(object)
  try {
    let types: Btf | undefined
    const verdict = tryLoad(program, object, maps, () => (types ??= readKernelBtf()))
    if (!verdict.accepted) return verdict
    closeSync(verdict.fd)
    return {accepted: true, slot: undefined, reason: ''}
  } finally {
    maps.close()
  }
}
