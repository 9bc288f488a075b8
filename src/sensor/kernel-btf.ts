import {readFileSync} from 'node:fs'
import {BTF_KIND, Btf} from '../bpf/btf.ts'
import {CodedError} from '../diagnostics/error.ts'

/** Where the kernel describes its own types. */
export const KERNEL_BTF_PATH = '/sys/kernel/btf/vmlinux'

/**
 * Reads the running kernel's types (20 ms; they cannot change while it runs).
 * @throws CodedError SENSOR_NO_BTF when the kernel has none.
 */
export function readKernelBtf(): Btf {
  let bytes: Buffer
  try {
    bytes = readFileSync(KERNEL_BTF_PATH)
  } catch (cause) {
    throw new CodedError('SENSOR_NO_BTF', `cannot read ${KERNEL_BTF_PATH}`, {
      hint: 'use a kernel built with CONFIG_DEBUG_INFO_BTF=y (most distributions since 2021)',
      cause,
    })
  }
  return new Btf(bytes)
}

/**
 * The type that a tp_btf program names as its attach point: typedef `btf_trace_NAME`.
 * @throws CodedError SENSOR_UNSUPPORTED when this kernel has no such tracepoint.
 */
export function attachBtfId(btf: Btf, tracepoint: string): number {
  const id = btf.find(`btf_trace_${tracepoint}`, BTF_KIND.TYPEDEF)
  if (id === undefined) {
    throw new CodedError(
      'SENSOR_UNSUPPORTED',
      `this kernel has no tracepoint ${tracepoint} with type information`,
      {
        hint: 'needs Linux 5.8 or newer with CONFIG_DEBUG_INFO_BTF=y and CONFIG_FTRACE_SYSCALLS=y',
      },
    )
  }
  return id
}
