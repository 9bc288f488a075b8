import {loadConfig} from '../../../app/config.ts'
import {askDetector} from '../../../app/control/control-client.ts'
import {defaultSocketPath} from '../../../app/control/socket-place.ts'
import type {StatusReport} from '../../../app/status/status-report.ts'
import {CodedError} from '../../../diagnostics/error.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {statusText} from './status-text.ts'

/** What `detector status` was asked for. */
export interface StatusArgs {
  /** The control socket; undefined: that of the configuration. */
  readonly socket: string | undefined
  readonly config: string | undefined
  readonly overrides: readonly string[]
  readonly json: boolean
  readonly color: boolean
}

/**
 * Asks the running detector and prints what it says.
 * @returns 1 when something was lost or nothing is watched right now
 * @throws CodedError `CONTROL_NO_ANSWER`, `CONTROL_REFUSED`
 */
export async function runStatus(
  args: StatusArgs,
  io: Pick<CliIo, 'stdout' | 'env'>,
): Promise<number> {
  const path = args.socket ?? configuredPath(args, io.env)
  const report = toReport(await askDetector({path, request: 'status'}), path)
  io.stdout(args.json ? `${JSON.stringify(report)}\n` : statusText(report, args.color))
  return isWell(report) ? EXIT.ok : EXIT.findings
}

function configuredPath({config: path, overrides}: StatusArgs, env: CliIo['env']): string {
  const {config} = loadConfig({path, overrides, env})
  const socket = config.control.socket || defaultSocketPath(process.getuid?.() ?? -1, env)
  if (socket !== undefined) return socket
  throw new CodedError('CLI_USAGE', 'no place of a control socket is known', {
    hint: 'name it with --socket PATH, or set XDG_RUNTIME_DIR',
  })
}

/** What answers may be anything: only what has the parts that are printed is taken for a report. */
function toReport(value: unknown, path: string): StatusReport {
  const report = value as Partial<StatusReport> | null
  const isReport =
    typeof report === 'object' &&
    report?.version === 1 &&
    typeof report.missed === 'object' &&
    Array.isArray(report.missed?.totals) &&
    Array.isArray(report.stages) &&
    Array.isArray(report.outputs) &&
    Array.isArray(report.imbalances)
  if (isReport) return report as StatusReport
  throw new CodedError('CONTROL_NO_ANSWER', `${path} gave a status that is not understood`)
}

function isWell({state, missed, imbalances}: StatusReport): boolean {
  const lost = missed.totals.some(({group, count}) => group === 'lost' && count > 0)
  return state === 'watching' && !lost && imbalances.length === 0
}
