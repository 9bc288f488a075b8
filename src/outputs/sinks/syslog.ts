import type {Alert} from '../../schema/alert.ts'
import type {SyslogConfig} from '../../schema/config/output-config.ts'
import {priorityRank} from '../../schema/priority.ts'
import {isoTime} from '../../schema/time-text.ts'
import type {AlertFormat} from '../formats/alert-format.ts'
import {cutBytes, visibleText} from '../formats/visible-text.ts'
import {readTlsFiles} from '../http/tls-files.ts'
import type {Sink} from '../sink.ts'
import {datagramLink} from '../syslog/datagram-link.ts'
import type {SyslogLink} from '../syslog/link.ts'
import {streamLink} from '../syslog/stream-link.ts'

/** Longest header fields (RFC 5424, section 6). */
const MAX_HOSTNAME = 255
/** Longest value of a parameter that we write. */
const MAX_PARAM = 512
/**
 * Number after the `@` in the name of our structured data. There is none registered for us, and this one is set aside for
 * documentation (RFC 5612), so that no other software's data can be meant.
 */
const ENTERPRISE = 32473

/**
 * Sends alerts as syslog messages of RFC 5424: over UDP one datagram each (RFC 5426), over TCP and TLS with octet counting
 * (RFC 6587, RFC 5425), over a unix stream socket one line each. Syslog acknowledges nothing: an alert counts as delivered
 * when the kernel has taken it.
 *
 * @throws CodedError `CONFIG_INVALID` for TLS files that cannot be used
 */
export function syslogSink(config: SyslogConfig, format: AlertFormat): Sink {
  const link = openLink(config)
  return {
    name: config.name,
    deliver: (alerts, signal) =>
      link.send(
        alerts.map(alert => syslogMessage(alert, config, format)),
        signal,
      ),
    reopen: link.close,
    close: link.close,
  }
}

function openLink(config: SyslogConfig): SyslogLink {
  const {name, transport, timeoutMs} = config
  if (transport === 'udp') return datagramLink(config)
  const address =
    transport === 'unix' ? {path: config.address} : {host: config.address, port: config.port}
  // Looked at now for mistakes; read again at every connection, since certificates are renewed.
  if (transport === 'tls') readTlsFiles(config.tls)
  return streamLink({
    name,
    address,
    timeoutMs,
    framing: transport === 'unix' ? 'line' : 'octets',
    ...(transport === 'tls' ? {tls: () => readTlsFiles(config.tls)} : {}),
  })
}

/** One message, cut to the bound, without what frames it. */
export function syslogMessage(
  alert: Alert,
  config: Pick<SyslogConfig, 'facility' | 'maxBytes'>,
  format: AlertFormat,
): Buffer {
  const level = config.facility * 8 + priorityRank(alert.priority)
  // Six digits of a second are the most that the header may have.
  const time = isoTime(alert.timeNs, 'Z').replace(/\d{3}Z$/, 'Z')
  const host = alert.hostname.replace(/[^\x21-\x7e]/g, '_').slice(0, MAX_HOSTNAME) || '-'
  const data = structuredData([
    ['id', alert.id],
    ['rule', alert.rule],
    ['priority', alert.priority],
    ['source', alert.source],
    ['tags', alert.tags.join(',')],
  ])
  const head = `<${level}>1 ${time} ${host} detector ${process.pid} alert ${data} `
  return cutBytes(`${head}${format.render(alert)}`, config.maxBytes)
}

function structuredData(params: readonly (readonly [string, string])[]): string {
  const texts = params
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}="${paramValue(value)}"`)
  return `[detector@${ENTERPRISE} ${texts.join(' ')}]`
}

function paramValue(value: string): string {
  const text = cutBytes(visibleText(value), MAX_PARAM).toString()
  return text.replace(/[\\"\]]/g, '\\$&')
}
