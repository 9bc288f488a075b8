import {errnoName} from '../schema/errno.ts'

/** Returned by bpf(2) but kept out of user headers (linux include/linux/errno.h). */
const ENOTSUPP = 524

/** `ENOENT` for 2; the number itself when it has no name. */
export function errnoText(errno: number): string {
  return errnoName(errno) ?? (errno === ENOTSUPP ? 'ENOTSUPP' : `errno ${errno}`)
}

/** Error numbers that the sensor tells apart. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EINVAL: 22,
  ENOSPC: 28,
  ENOSYS: 38,
} as const
