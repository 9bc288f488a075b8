import {CodedError} from '../diagnostics/error.ts'
import type {Log} from '../diagnostics/log.ts'
import {
  type ControlHandlers,
  type ControlServer,
  openControlServer,
} from './control/control-server.ts'
import {type HttpEndpoint, openHttpEndpoint} from './metrics/http-endpoint.ts'
import {isLocal, type ListenPlace} from './metrics/listen-place.ts'
import type {StatusReport} from './status/status-report.ts'

/** How others can ask about a run. */
export interface OperationSettings {
  /** Undefined: no control socket. */
  readonly control: {readonly path: string; readonly isDefault: boolean} | undefined
  /** Undefined: no metrics and health. */
  readonly http:
    | {readonly place: ListenPlace; readonly metrics: boolean; readonly healthPath: string}
    | undefined
}

/** The doors through which others ask. */
export interface Operation {
  close(): Promise<void>
}

/**
 * Opens the control socket and the endpoint for metrics and health. At its default place the control socket is a convenience:
 * if that is taken, the run goes on without one and says so.
 *
 * @throws CodedError `CONTROL_…`, `HTTP_LISTEN` for places that the configuration names
 */
export async function openOperation(
  {control, http}: OperationSettings,
  report: () => Promise<StatusReport>,
  log: Log,
  more: ControlHandlers = new Map(),
): Promise<Operation> {
  const handlers: ControlHandlers = new Map([['status', report], ...more])
  const controlServer = control && (await openControl(control, handlers, log))
  let endpoint: HttpEndpoint | undefined
  try {
    if (http !== undefined) {
      endpoint = await openHttpEndpoint({...http, report})
      const pages = http.metrics ? 'metrics and health' : 'health'
      log('info', `${pages} at ${endpoint.where}`)
      if (!isLocal(http.place)) log('warning', `${pages} can be read by other machines`)
    }
  } catch (error) {
    await controlServer?.close()
    throw error
  }
  return {
    async close() {
      await Promise.all([controlServer?.close(), endpoint?.close()])
    },
  }
}

async function openControl(
  {path, isDefault}: NonNullable<OperationSettings['control']>,
  handlers: ControlHandlers,
  log: Log,
): Promise<ControlServer | undefined> {
  try {
    return await openControlServer({
      path,
      ownsFolder: isDefault,
      handlers,
    })
  } catch (error) {
    if (!isDefault || !(error instanceof CodedError)) throw error
    log('warning', `${error.message}: status cannot ask this detector`)
    return undefined
  }
}
