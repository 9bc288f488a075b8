import {readFileSync} from 'node:fs'
import type {Btf} from '../bpf/btf.ts'
import {CodedError} from '../diagnostics/error.ts'
import {readKernelBtf} from './kernel-btf.ts'

const LOCKDOWN_PATH = '/sys/kernel/security/lockdown'

/**
 * Checks what can be known of the host before anything is loaded, and gives the kernel's types. The right to load programs
 * shows only when one is loaded.
 * @throws CodedError SENSOR_UNSUPPORTED, SENSOR_LOCKED or SENSOR_NO_BTF.
 */
export function checkKernel(): Btf {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new CodedError(
      'SENSOR_UNSUPPORTED',
      `${process.platform} on ${process.arch} is not supported`,
      {
        hint: 'live detection needs Linux on x86_64; rules can be checked anywhere',
      },
    )
  }
  if (lockdownMode() === 'confidentiality') {
    throw new CodedError(
      'SENSOR_LOCKED',
      'kernel lockdown is in confidentiality mode, which hides kernel memory',
      {
        hint: 'boot with lockdown=integrity, or without lockdown',
      },
    )
  }
  return readKernelBtf()
}

/** The kernel's lockdown mode; undefined where it has none. */
export function lockdownMode(): string | undefined {
  try {
    return /\[(\w+)\]/.exec(readFileSync(LOCKDOWN_PATH, 'utf8'))?.[1]
  } catch {
    // No securityfs, or a kernel without lockdown: nothing is locked as far as we can see.
    return undefined
  }
}
