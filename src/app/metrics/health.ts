import type {StatusReport} from '../status/status-report.ts'

/** A ring buffer this full is about to lose events. */
const WORRYING_SHARE = 0.9

/** Why detection cannot be relied on right now; empty when it can. */
export function obstacles(report: StatusReport): string[] {
  const found: string[] = []
  if (report.state !== 'watching') found.push(`state is ${report.state}`)
  for (const [lane, {share}] of Object.entries(report.detection?.lanes ?? {}))
    if (share > WORRYING_SHARE)
      found.push(`ring buffer ${lane} is ${Math.round(share * 100)} % full`)
  if (report.detection?.state_whole === false) found.push('the state of the host is being mended')
  return found
}
