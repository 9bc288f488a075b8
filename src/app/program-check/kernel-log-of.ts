import {closeSync} from 'node:fs'
import type {Btf} from '../../bpf/btf.ts'
import {linkedCode, type ProgramImage} from '../../bpf/program-image.ts'
import {BPF_MAP_TYPE, BPF_PROG_TYPE, HOOK_PROGRAM_TYPE, type MapSpec} from '../../bpf/specs.ts'
import {attachBtfId} from '../../sensor/kernel-btf.ts'
import {createMap, loadProgram} from '../../sensor/object/calls.ts'

/** Attach type of BTF-typed raw tracepoints (linux v6.8 include/uapi/linux/bpf.h, enum bpf_attach_type). */
const BPF_TRACE_RAW_TP = 23
const LOG_BYTES = 1 << 24

/** What the kernel writes about a generated program, which is loaded with maps of its own and unloaded again. */
export function kernelLogOf(image: ProgramImage, maps: readonly MapSpec[], btf: Btf): string {
  const {name, attach, license, data = []} = image
  const hook = attach.kind === 'tail_call' ? attach.hook : attach.kind
  const own = data.map(
    (each): MapSpec => ({
      ...{name: each.name, type: 'array', flags: 0x80},
      ...{keySize: 4, valueSize: each.bytes.length, maxEntries: 1},
    }),
  )
  const fds = new Map<string, number>()
  try {
    for (const map of [...maps, ...own]) {
      const {keySize, valueSize, maxEntries, flags = 0} = map
      const type = BPF_MAP_TYPE[map.type]
      const sizes = {keySize, valueSize, maxEntries, flags}
      const call = createMap({
        ...{type, name: map.name, ...sizes},
        ...{innerFd: 0, btfFd: 0, keyType: 0, valueType: 0},
      })
      if (call.value < 0) return `no map ${map.name}: errno ${call.errno}\n`
      fds.set(map.name, call.value)
    }
    const typed = hook === 'tp_btf'
    const log = Buffer.alloc(LOG_BYTES)
    const call = loadProgram(
      {
        type: BPF_PROG_TYPE[HOOK_PROGRAM_TYPE[hook]],
        attachType: typed ? BPF_TRACE_RAW_TP : 0,
        attachBtfId: typed ? attachBtfId(btf, attach.tracepoint) : 0,
        name,
        license,
        instructions: linkedCode(image, of => fds.get(of)),
        debug: undefined,
      },
      log,
      2,
    )
    if (call.value >= 0) closeSync(call.value)
    const text = log.toString('latin1', 0, Math.max(0, log.indexOf(0)))
    return `${text}${call.value >= 0 ? 'accepted' : `errno ${call.errno}`}\n`
  } finally {
    for (const fd of fds.values()) closeSync(fd)
  }
}
