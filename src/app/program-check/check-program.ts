import type {Btf} from '../../bpf/btf.ts'
import {linkedCode, type ProgramImage} from '../../bpf/program-image.ts'
import type {MapSpec} from '../../bpf/specs.ts'
import type {VerifierInput, VerifierMap} from '../../verifier/input.ts'

/** Creation flag of maps that programs cannot write (linux v6.18 include/uapi/linux/bpf.h, BPF_F_RDONLY_PROG). */
const RDONLY_PROG = 0x80

/**
 * A generated program as the verifier takes it.
 * @param maps the sensor's maps
 * @throws Error when the program names a map that there is not
 */
export function generatedInput(
  image: ProgramImage,
  maps: readonly MapSpec[],
  btf: Btf,
): VerifierInput {
  const {attach, license, data = []} = image
  const hook = attach.kind === 'tail_call' ? attach.hook : attach.kind
  const own = data.map(({name, bytes}): VerifierMap & {readonly name: string} => ({
    name,
    type: 'array',
    keySize: 4,
    valueSize: bytes.length,
    maxEntries: 1,
    flags: RDONLY_PROG,
    frozen: true,
    contents: Buffer.from(bytes),
  }))
  const all = [...maps, ...own]
  const indexes = new Map(all.map(({name}, index) => [name, index]))
  return {
    code: linkedCode(image, name => indexes.get(name)),
    type: hook === 'raw_tp' ? 'raw_tracepoint' : hook,
    attach: attach.tracepoint,
    license,
    maps: all,
    btf,
  }
}
