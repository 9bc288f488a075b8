import {readFileSync} from 'node:fs'
import {release} from 'node:os'
import {gunzipSync} from 'node:zlib'
import {BTF_KIND, type Btf} from '../bpf/btf.ts'
import {CodedError} from '../diagnostics/error.ts'
import {readCallEvents} from './hooks/tracefs.ts'
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

/** What this kernel offers to hang programs on. */
export interface HookFacts {
  /** Tracepoints with typed arguments. */
  readonly typed: boolean
  /** Trace events of system calls, as `syscalls/sys_exit_openat`; undefined where they cannot be looked up. */
  readonly callEvents: ReadonlySet<string> | undefined
  /** Whether 32-bit calls can be made; true unless it is certain that they cannot. */
  readonly compatCalls: boolean
}

/** Looks up what the kernel offers to hang programs on. Loads nothing. */
export function readHookFacts(btf: Btf): HookFacts {
  return {
    typed: btf.find('btf_trace_sys_exit', BTF_KIND.TYPEDEF) !== undefined,
    callEvents: readCallEvents(),
    compatCalls: !lacksCompatCalls(readKernelConfig()),
  }
}

/** Whether a kernel configuration says that there are no 32-bit calls. */
export function lacksCompatCalls(config: string | undefined): boolean {
  return config !== undefined && /^# CONFIG_IA32_EMULATION is not set$/m.test(config)
}

/** The configuration that the running kernel was built with; undefined where the host keeps none. */
function readKernelConfig(): string | undefined {
  try {
    return gunzipSync(readFileSync('/proc/config.gz'), {maxOutputLength: 1 << 24}).toString(
      'latin1',
    )
  } catch {
    // Built without CONFIG_IKCONFIG_PROC: distributions keep it as a file.
  }
  try {
    return readFileSync(`/boot/config-${release()}`, 'latin1')
  } catch {
    // Not kept there either.
    return undefined
  }
}
