import {readFileSync} from 'node:fs'

/** CPUs that the kernel may ever bring up: per-CPU maps hold one value for each, online or not. */
export function possibleCpus(): number {
  return countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8'))
}

/** Counts a kernel CPU list such as `0-3,8`. */
export function countCpus(list: string): number {
  let count = 0
  for (const range of list.trim().split(',')) {
    const [first, last = first] = range.split('-').map(Number)
    if (first === undefined || last === undefined || !(last >= first))
      throw new Error(`'${list}' is no CPU list`)
    count += last - first + 1
  }
  return count
}
