import type {ReloadTimes} from './detection/detection.ts'
import type {ChangeSight} from './rules/rule-watcher.ts'

/** All that a reload consists of, in milliseconds. */
export interface ReloadParts extends ReloadTimes, ChangeSight {
  readonly compileMs: number
}

/** The parts of a reload in their order, for people. */
export function reloadParts(parts: ReloadParts): string {
  const {waitMs, readMs, compileMs, planMs, emitMs, packMs, crossMs, unpackMs} = parts
  const {loadMs, loaded, switchMs, afterMs, engineMs} = parts
  const before = {wait: waitMs, read: readMs, compile: compileMs, plan: planMs, emit: emitMs}
  const thread = {pack: packMs, cross: crossMs, unpack: unpackMs}
  const text = (times: Readonly<Record<string, number>>): string =>
    Object.entries(times)
      .map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`)
      .join(', ')
  const load = `load ${loadMs.toFixed(1)} ms (${loaded} programs)`
  return `${text({...before, ...thread})}, ${load}, ${text({switch: switchMs})}; ${text({after: afterMs, matchers: engineMs})}`
}
