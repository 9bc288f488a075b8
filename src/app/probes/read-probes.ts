import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs'
import type {Btf} from '../../bpf/btf.ts'
import {parseObject} from '../../bpf/elf/object.ts'
import {describeProbe} from '../../compiler/probes/describe-probe.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {ProbeConfig} from '../../schema/config/config.ts'
import type {ProbeDef} from '../../schema/probe.ts'
import {readKernelBtf} from '../../sensor/kernel-btf.ts'
import type {ProbeImage} from '../../sensor/probes/probe.ts'
import {judgeProbe} from './judge-probe.ts'

/** A larger object is refused. */
const MAX_OBJECT_BYTES = 8 << 20

/** The probes of a configuration, ready to be loaded. */
export interface ReadProbes {
  /** What rules may name: those whose programs were refused too. */
  readonly defs: readonly ProbeDef[]
  readonly images: readonly ProbeImage[]
  /** Why optional ones are not among the images. */
  readonly refusals: readonly string[]
  /** The object files as they were read, to compare with later. */
  readonly files: readonly {readonly name: string; readonly content: Uint8Array}[]
}

/** A configuration without probes. */
export const NO_READ_PROBES: ReadProbes = {defs: [], images: [], refusals: [], files: []}

/**
 * Reads the objects of probes, finds out what their records look like, and judges their programs. Loads nothing.
 * @throws CodedError PROBE_INVALID, PROBE_REFUSED, OBJECT_INVALID, each naming the probe. Only a refused program of an optional
 * probe throws none.
 * @param before - given back when the objects are those of before
 */
export function readProbes(configs: readonly ProbeConfig[], before = NO_READ_PROBES): ReadProbes {
  const names = new Set(configs.map(({name}) => name))
  if (names.size < configs.length) throw new CodedError('PROBE_INVALID', 'two probes have one name')
  const contents = configs.map(({name, object}) => {
    try {
      return {name: object, content: readObjectFile(object)}
    } catch (cause) {
      throw namedError(name, object, cause)
    }
  })
  const isSame =
    before.files.length === contents.length &&
    contents.every(({content}, at) => content.equals(before.files[at]!.content))
  return isSame ? before : judgedProbes(configs, contents)
}

function judgedProbes(
  configs: readonly ProbeConfig[],
  files: readonly {readonly name: string; readonly content: Buffer}[],
): ReadProbes {
  let types: Btf | undefined
  const defs: ProbeDef[] = []
  const images: ProbeImage[] = []
  const refusals: string[] = []
  for (const [index, {name, object: path, map, struct, optional}] of configs.entries()) {
    try {
      const {content} = files[index]!
      const object = parseObject(content)
      const {def, ring} = describeProbe(object, {name, index, map, struct})
      defs.push(def)
      judgeProbe(object, () => (types ??= readKernelBtf()))
      images.push({def, object: content, ring, optional})
    } catch (cause) {
      const error = namedError(name, path, cause)
      if (!optional || error.code !== 'PROBE_REFUSED') throw error
      refusals.push(error.message)
    }
  }
  return {defs, images, refusals, files}
}

/** The fields that the probes of a configuration add, without judging their programs. @throws CodedError see {@link readProbes} */
export function readProbeDefs(configs: readonly ProbeConfig[]): ProbeDef[] {
  return configs.map(({name, object: path, map, struct}, index) => {
    try {
      return describeProbe(parseObject(readObjectFile(path)), {name, index, map, struct}).def
    } catch (cause) {
      throw namedError(name, path, cause)
    }
  })
}

function namedError(name: string, path: string, cause: unknown): CodedError {
  const {code, message, hint, log} =
    cause instanceof CodedError
      ? cause
      : {
          code: 'PROBE_INVALID' as const,
          message: cause instanceof Error ? cause.message : String(cause),
          hint: undefined,
          log: undefined,
        }
  return new CodedError(code, `probe ${name} (${path}): ${message}`, {
    cause,
    ...(hint !== undefined && {hint}),
    ...(log !== undefined && {log}),
  })
}

/** Non-blocking, because opening a pipe would otherwise wait for a writer. */
function readObjectFile(path: string): Buffer {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new Error('not a regular file')
    if (stat.size > MAX_OBJECT_BYTES) throw new Error(`larger than ${MAX_OBJECT_BYTES} bytes`)
    return readFileSync(fd)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CodedError('PROBE_INVALID', `cannot read the object: ${reason}`, {cause})
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
