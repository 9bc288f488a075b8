import type {Alert} from '../../schema/alert.ts'
import type {TeamsConfig} from '../../schema/config/output-config.ts'
import {type Priority, priorityRank} from '../../schema/priority.ts'
import {isoTime} from '../../schema/time-text.ts'
import {valueText} from '../formats/alert-values.ts'
import {jsonText} from '../formats/json-text.ts'
import {cutText, visibleText} from '../formats/visible-text.ts'
import {deliverEach} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import type {Sink} from '../sink.ts'

/** Teams refuses messages beyond 28 KB; with these bounds a card stays below, escapes included. */
const MAX_TITLE = 200
const MAX_MESSAGE = 2000
const MAX_FIELDS = 10
const MAX_FIELD = 300

/**
 * Posts each alert as an adaptive card to a workflow of Microsoft Teams. All texts are text runs, in which, unlike in text
 * blocks and facts, no Markdown is read.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function teamsSink(config: TeamsConfig): Sink {
  const client = openHttpClient({...config, kind: 'teams'})
  return {
    name: client.name,
    deliver: (alerts, signal) =>
      deliverEach(alerts, alert => {
        const headers = {'content-type': 'application/json', 'idempotency-key': alert.id}
        return client.send({body: teamsMessage(alert), headers}, signal)
      }),
    reopen: client.reopen,
    close: client.close,
  }
}

/** The message of one alert as JSON. */
export function teamsMessage(alert: Alert): string {
  const fields = alert.fields
    .filter(([, value]) => value !== null && value !== '')
    .slice(0, MAX_FIELDS)
    .map(([name, value]) =>
      line([run(`${name}: `, MAX_FIELD, {weight: 'Bolder'}), run(valueText(value), MAX_FIELD)]),
    )
  const about = [alert.hostname, isoTime(alert.timeNs, 'Z'), ...alert.tags.slice(0, 8), alert.id]
  return jsonText({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: {width: 'Full'},
          body: [
            line([
              run(`${alert.priority}: ${alert.rule}`, MAX_TITLE, {
                weight: 'Bolder',
                size: 'Large',
                color: colorOf(alert.priority),
              }),
            ]),
            line([run(alert.message, MAX_MESSAGE)]),
            ...fields,
            line([run(about.join(' · '), MAX_FIELD, {isSubtle: true, size: 'Small'})]),
          ],
        },
      },
    ],
  })
}

function line(inlines: readonly ReturnType<typeof run>[]) {
  return {type: 'RichTextBlock', inlines}
}

function run(text: string, max: number, style: Readonly<Record<string, string | boolean>> = {}) {
  const shown = cutText(text, max).split('\n').map(visibleText).join('\n')
  return {type: 'TextRun', text: shown === '' ? '-' : shown, ...style}
}

function colorOf(priority: Priority): string {
  const rank = priorityRank(priority)
  if (rank <= 3) return 'Attention'
  return rank === 4 ? 'Warning' : 'Accent'
}
