import type {Alert} from '../../schema/alert.ts'
import type {SlackConfig} from '../../schema/config/output-config.ts'
import type {Priority} from '../../schema/priority.ts'
import {isoTime} from '../../schema/time-text.ts'
import {valueText} from '../formats/alert-values.ts'
import {jsonText} from '../formats/json-text.ts'
import {cutText, visibleText} from '../formats/visible-text.ts'
import {deliverEach} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import type {Sink} from '../sink.ts'
import type {Timers} from '../timers.ts'

/** Longest texts that Slack takes: https://docs.slack.dev/reference/block-kit/blocks. */
const MAX_HEADER = 150
const MAX_SECTION = 3000
const MAX_FIELD = 2000
/** Our own bounds, so that the whole stays readable and far below the limit of all blocks together. */
const SHOWN_FIELD = 300
const MAX_FALLBACK = 500

/** The stripe beside a message. */
const COLORS: Readonly<Record<Priority, string>> = {
  Emergency: '#8b0000',
  Alert: '#b00020',
  Critical: '#d32f2f',
  Error: '#e8590c',
  Warning: '#f2a600',
  Notice: '#1971c2',
  Informational: '#5c7cfa',
  Debug: '#868e96',
}

/**
 * Posts each alert to an incoming webhook of Slack, coloured by priority. All texts stand in `plain_text` blocks, in
 * which no marks are read, and what Slack reads everywhere is escaped.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function slackSink(config: SlackConfig, timers?: Timers): Sink {
  const client = openHttpClient({...config, kind: 'slack', ...(timers ? {timers} : {})})
  const headers = {'content-type': 'application/json'}
  return {
    name: client.name,
    deliver: (alerts, signal) =>
      deliverEach(alerts, alert => {
        const body = slackMessage(alert, config.maxFields)
        const request = {body, headers: {...headers, 'idempotency-key': alert.id}}
        return client.send(request, signal)
      }),
    reopen: client.reopen,
    close: client.close,
  }
}

/** The message of one alert as JSON. */
export function slackMessage(alert: Alert, maxFields: number): string {
  const fields = alert.fields
    .filter(([, value]) => value !== null && value !== '')
    .slice(0, Math.min(10, maxFields))
    .map(([name, value]) =>
      plainText(`${name}: ${cutText(valueText(value), SHOWN_FIELD)}`, MAX_FIELD),
    )
  const about = [
    alert.hostname,
    isoTime(alert.timeNs, 'Z'),
    alert.source,
    ...alert.tags.slice(0, 16),
    ...(alert.incomplete === undefined ? [] : [`incomplete: ${alert.incomplete.join(', ')}`]),
    alert.id,
  ]
  const blocks = [
    {type: 'header', text: plainText(`${alert.priority}: ${alert.rule}`, MAX_HEADER)},
    {type: 'section', text: plainText(alert.message || alert.rule, MAX_SECTION)},
    ...(fields.length === 0 ? [] : [{type: 'section', fields}]),
    {type: 'context', elements: [plainText(about.join(' · '), MAX_FIELD)]},
  ]
  return jsonText({
    // What notifications show; unlike the blocks it is read for marks, which is switched off.
    text: slackText(`${alert.priority}: ${alert.rule}: ${alert.message}`, MAX_FALLBACK),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    attachments: [{color: COLORS[alert.priority], blocks}],
  })
}

function plainText(text: string, max: number) {
  return {type: 'plain_text', text: slackText(text, max), emoji: false}
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
])

/** Escapes `&`, `<` and `>`, by which Slack knows links, mentions and commands; cut to `max` after escaping. */
function slackText(text: string, max: number): string {
  let escaped = ''
  // Line ends are kept in what people read; other controls are spelled out.
  const lines = cutText(text, max).split('\n').map(visibleText).join('\n')
  for (const character of lines) {
    const piece = ESCAPES.get(character) ?? character
    if (escaped.length + piece.length >= max) return `${escaped}…`
    escaped += piece
  }
  return escaped === '' ? '-' : escaped
}
