import type {BootClock} from './decoder.ts'
import {CLOCK, clockNs} from './ffi.ts'

/** The moment of boot by the wall clock. Read again now and then, so that a set clock is followed. */
export function readBootClock(): BootClock {
  return {bootNs: clockNs(CLOCK.REALTIME) - clockNs(CLOCK.BOOTTIME)}
}

/** Nanoseconds since boot, as bpf_ktime_get_boot_ns counts them. */
export function readBootTimeNs(): bigint {
  return clockNs(CLOCK.BOOTTIME)
}
