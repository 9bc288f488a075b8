import type {Redis} from 'ioredis'
import {CodedError} from '../../diagnostics/error.ts'
import type {Alert} from '../../schema/alert.ts'
import type {RedisConfig} from '../../schema/config/output-config.ts'
import type {AlertFormat} from '../formats/alert-format.ts'
import {readTlsFiles} from '../http/tls-files.ts'
import {deliveryError, type Sink} from '../sink.ts'

/** Answers that stay the same however often one tries. Everything else is the state of the server, and may pass. */
const PERMANENT = /^(WRONGTYPE|ERR wrong number|ERR value is not)/

/**
 * Adds each alert to a stream with XADD: its id, rule, priority, host and time, and the rendered alert. A batch is one
 * pipeline; the connection is made on the first delivery and again after it broke, and never retried by the client itself.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL or TLS file that cannot be used
 */
export function redisSink(config: RedisConfig, format: AlertFormat): Sink {
  checkUrl(config.url)
  readTlsFiles(config.tls)
  let client: Redis | undefined

  const shut = (): void => {
    const old = client
    client = undefined
    old?.disconnect()
  }

  const connection = async (): Promise<Redis> => {
    if (client?.status === 'ready') return client
    shut()
    const {Redis} = await import('ioredis')
    const fresh = new Redis(config.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectTimeout: config.timeoutMs,
      commandTimeout: config.timeoutMs,
      connectionName: 'detector',
      ...(config.url.startsWith('rediss:') ? {tls: readTlsFiles(config.tls)} : {}),
    })
    // Why a connection fails is told here only; what waits for it learns that it was closed.
    let problem: unknown
    fresh.on('error', error => {
      problem = error
    })
    client = fresh
    try {
      await fresh.connect()
    } catch (error) {
      throw problem ?? error
    }
    return fresh
  }

  const add = async (redis: Redis, alerts: readonly Alert[]): Promise<void> => {
    const pipeline = redis.pipeline()
    for (const alert of alerts) pipeline.call('XADD', ...entryOf(alert, config, format))
    const results = (await pipeline.exec()) ?? []
    const delivered = results.findIndex(([error]) => error !== null)
    if (delivered < 0 && results.length === alerts.length) return
    const at = delivered < 0 ? results.length : delivered
    const error = results[at]?.[0]
    const permanent = error instanceof Error && PERMANENT.test(error.message)
    throw deliveryError(`${config.name}: ${redisReason(error)}`, {delivered: at, permanent}, error)
  }

  return {
    name: config.name,
    async deliver(alerts, signal) {
      const giveUp = (): void => shut()
      signal.addEventListener('abort', giveUp, {once: true})
      try {
        await add(await connection(), alerts)
      } catch (error) {
        if (error instanceof CodedError) throw error
        shut()
        throw deliveryError(`${config.name}: ${redisReason(error)}`, {}, error)
      } finally {
        signal.removeEventListener('abort', giveUp)
      }
    },
    reopen: async () => shut(),
    close: async () => shut(),
  }
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'redis:' && url?.protocol !== 'rediss:')
    throw new CodedError('CONFIG_INVALID', 'the redis URL is not a URL of redis: or rediss:')
}

function entryOf(alert: Alert, config: RedisConfig, format: AlertFormat): string[] {
  const bound = config.maxEntries > 0 ? ['MAXLEN', '~', String(config.maxEntries)] : []
  return [
    config.stream,
    ...bound,
    '*',
    ...['id', alert.id],
    ...['rule', alert.rule],
    ...['priority', alert.priority],
    ...['host', alert.hostname],
    ...['time', String(alert.timeNs)],
    ...['alert', format.render(alert)],
  ]
}

/** The first word of an error of Redis, or the code of the network: the rest could repeat what was sent. */
function redisReason(error: unknown): string {
  if (!(error instanceof Error)) return 'an answer is missing'
  if ('code' in error && typeof error.code === 'string') return error.code
  const word = /^[A-Z]{2,20}\b/.exec(error.message)?.[0]
  return word ?? (/timed out/i.test(error.message) ? 'no answer in time' : 'the connection broke')
}
