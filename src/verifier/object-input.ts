/** What the verifier is told of a program of an object file. */
import {BTF_KIND, type Btf} from '../bpf/btf.ts'
import {relocateProgram} from '../bpf/elf/core.ts'
import {guarded} from '../bpf/elf/invalid-object.ts'
import type {BpfObject, ObjectMap, ObjectProgram} from '../bpf/elf/object-model.ts'
import {encode} from '../bpf/instruction.ts'
import {mapTypeName} from '../bpf/map-types.ts'
import type {
  GlobalArgument,
  GlobalFunction,
  VerifierInput,
  VerifierMap,
  VerifierProgramType,
} from './input.ts'

/** Kinds of section (see `sectionKind`) and the program types that are judged for them. */
const TYPES: Readonly<Record<string, VerifierProgramType>> = {
  raw_tp: 'raw_tracepoint',
  tracepoint: 'tracepoint',
  tp_btf: 'tp_btf',
  iter: 'iter',
  kprobe: 'kprobe',
  perf_event: 'perf_event',
  socket: 'socket_filter',
}
/** Writable raw tracepoints (BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE), of which we do not know what may be written. */
const WRITABLE_RAW_TRACEPOINT = 24
/** Linkage of a function in its type record (linux v6.18 include/uapi/linux/btf.h, enum btf_func_linkage). */
const GLOBAL_LINKAGE = 1

/**
 * A program of an object as the verifier takes it, or why it cannot be judged.
 * @param types the kernel's types, asked for only when the program depends on them
 * @throws CodedError OBJECT_INVALID when its relocations do not fit the kernel's types
 */
export function objectInput(
  program: ObjectProgram,
  object: BpfObject,
  types: () => Btf,
): VerifierInput | {readonly notJudged: string} {
  const {kind} = program
  const type = kind === undefined ? undefined : TYPES[kind.kind]
  if (kind === undefined || type === undefined || kind.type === WRITABLE_RAW_TRACEPOINT)
    return {notJudged: `programs of section ${program.section} are not judged`}
  const own = object.btf?.types
  const isRelocated = program.relocations.length > 0 && own !== undefined
  const instructions = isRelocated ? relocateProgram(program, own, types()) : program.instructions
  const names = object.maps.map(map => map.name)
  const described = own !== undefined && program.functions.every(each => each.type !== 0)
  const usesTypes = type === 'tp_btf' || type === 'iter' || asksForTypes(instructions)
  return {
    code: encode(instructions, name => names.indexOf(name)),
    type,
    license: object.license,
    maps: object.maps.map(map => verifierMap(map)),
    describesFunctions: described,
    globals: described
      ? guarded('the types of functions', () => globalFunctions(program, own))
      : new Map(),
    ...(type === 'tp_btf' || type === 'iter' ? {attach: kind.target} : {}),
    ...(usesTypes ? {btf: types()} : {}),
  }
}

/** Helpers that give or take kernel objects: get_current_task_btf, task_pt_regs, task storage. */
const TYPED_HELPERS: ReadonlySet<number> = new Set([141, 156, 157, 158, 175])

function asksForTypes(instructions: ObjectProgram['instructions']): boolean {
  return instructions.some(
    ({opcode, src, imm}) => opcode === 0x85 && src === 0 && TYPED_HELPERS.has(imm),
  )
}

function verifierMap(map: ObjectMap): VerifierMap {
  return {
    type: mapTypeName(map.type),
    keySize: map.keySize,
    valueSize: map.valueSize,
    maxEntries: map.maxEntries,
    flags: map.flags,
    frozen: map.frozen,
    ...(map.data === undefined ? {} : {contents: map.data}),
    ...(map.inner === undefined ? {} : {inner: verifierMap(map.inner)}),
  }
}

function globalFunctions(
  {functions}: ObjectProgram,
  types: Btf,
): ReadonlyMap<number, GlobalFunction> {
  const globals = new Map<number, GlobalFunction>()
  // The first is the program itself, which is entered with a context.
  for (const {slot, type} of functions.slice(1)) {
    if (types.kindOf(type) !== BTF_KIND.FUNC || types.lengthOf(type) !== GLOBAL_LINKAGE) continue
    const proto = types.targetOf(type)
    globals.set(slot, {
      args: types.parameters(proto).map(parameter => globalArgument(types, parameter)),
      returnsNumber: isNumber(types, types.targetOf(proto)),
    })
  }
  return globals
}

function globalArgument(types: Btf, parameter: number): GlobalArgument {
  if (isNumber(types, parameter)) return 'number'
  const pointee = types.pointee(parameter)
  const bytes = pointee === undefined ? 0 : types.sizeOf(pointee)
  // A pointer to a struct may stand for the context: which, depends on the program type.
  const isPlain = pointee !== undefined && isNumber(types, pointee)
  return isPlain && bytes > 0 ? {bytes} : 'unknown'
}

function isNumber(types: Btf, type: number): boolean {
  const kind = types.kindOf(types.resolve(type))
  return kind === BTF_KIND.INT || kind === BTF_KIND.ENUM || kind === BTF_KIND.ENUM64
}
