import type {QueueAnswer} from '../../../app/queue/queue-request.ts'
import {numberText, sizeText} from '../../quantity-text.ts'
import {paint} from '../../render.ts'

/** The page for a person, ending in a newline. Whatever names and reasons hold, the terminal gets no controls from them. */
export function queueText({retried, purged, drained, view}: QueueAnswer, color: boolean): string {
  const {storage, sinks, deadLetters} = view
  const lines: string[] = []
  if (retried !== undefined) lines.push(`${numberText(retried)} dead letters are in line again`)
  if (purged !== undefined)
    lines.push(
      `forgotten: ${numberText(purged.waiting)} alerts that waited, ${numberText(purged.dead)} dead letters`,
    )
  if (drained !== undefined)
    lines.push(
      drained ? 'everything is delivered' : paint('yellow', 'not everything is delivered', color),
    )
  const place = storage.path === undefined ? 'in memory' : `in ${plain(storage.path)}`
  lines.push(
    `${numberText(storage.alerts)} alerts ${place}, ${sizeText(storage.bytes)} of ${sizeText(storage.maxBytes)}`,
  )
  if (storage.engine === 'disk-failing')
    lines.push(paint('red', 'the disk cannot be written: new alerts are in memory only', color))
  for (const [cause, count] of Object.entries(storage.dropped))
    if (count > 0)
      lines.push(paint('red', `given up: ${numberText(count)} (${CAUSES[cause] ?? cause})`, color))
  for (const {sink, configured, waiting, dead, byPriority, oldestMs} of sinks) {
    const priorities = Object.entries(byPriority).map(
      ([name, count]) => `${name} ${numberText(count)}`,
    )
    const oldest =
      oldestMs === undefined ? '' : `, the oldest of ${new Date(oldestMs).toISOString()}`
    const split = priorities.length === 0 ? '' : ` (${priorities.join(', ')})`
    lines.push(
      `output ${plain(sink)}${configured ? '' : ' (not open here)'}: ${numberText(waiting)} waiting${split}${oldest}, ` +
        `${numberText(dead)} dead letters`,
    )
  }
  for (const {sink, id, rule, reason, atMs} of deadLetters)
    lines.push(
      `  ${new Date(atMs).toISOString()} ${plain(sink)}: ${plain(rule)} (${plain(id)}): ${plain(reason)}`,
    )
  return `${lines.join('\n')}\n`
}

const CAUSES: Readonly<Record<string, string>> = {
  noRoom: 'no room',
  damaged: 'damaged on disk',
  purged: 'purged',
  oldDeadLetters: 'too many dead letters',
}

function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
}
