import type {BootClock} from './decoder.ts'
import {CLOCK, clockNs} from './ffi.ts'

/** The moment of boot by the wall clock. Read again now and then, so that a set clock is followed. */
export function readBootClock(): BootClock {
  return {bootNs: clockNs(CLOCK.REALTIME) - clockNs(CLOCK.BOOTTIME)}
}
