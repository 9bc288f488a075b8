import {imbalanceText} from '../../../app/ledger/imbalance.ts'
import type {
  DetectionReport,
  OutputReport,
  StatusReport,
} from '../../../app/status/status-report.ts'
import {missedLine} from '../../missed-lines.ts'
import {durationText, numberText, sizeText} from '../../quantity-text.ts'
import {paint} from '../../render.ts'

/** Kinds of record and rules that the page shows; the rest is in the JSON. */
const MAX_ROWS = 20

/** The page for a person, ending in a newline. Whatever names hold, the terminal gets no controls from them. */
export function statusText(given: StatusReport, color: boolean): string {
  const report = cleaned(given)
  const {detection, stages} = report
  const sections = [
    headLines(report, color),
    ...(detection === null
      ? []
      : [alertLines(detection), kindLines(detection), laneLines(detection)]),
    stages.length === 0
      ? []
      : [
          paint('bold', 'way of events and alerts', color),
          ...table(
            stages.map(({stage, in: taken, out, waiting, ended}) => [
              `  ${stage}`,
              `${numberText(taken)} in`,
              `${numberText(out)} out`,
              `${numberText(waiting)} waiting`,
              Object.entries(ended)
                .filter(([, count]) => count > 0)
                .map(([reason, count]) => `${numberText(count)} ${reason}`)
                .join(', '),
            ]),
          ),
        ],
    missedLines(report, color),
    report.imbalances.map(
      imbalance => `${paint('red', 'counts disagree:', color)} ${imbalanceText(imbalance)}`,
    ),
    report.outputs.flatMap(outputLines),
  ]
  const text = sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')
  return `${text}\n`
}

function headLines(report: StatusReport, color: boolean): string[] {
  const {state, process: own, detection} = report
  const isWatching = state === 'watching'
  const filter = detection?.kernel_filter === true ? 'on' : 'off'
  const restarts =
    report.restarts === 0
      ? ''
      : `, started anew ${report.restarts} times, blind for ${durationText(report.blind_ms)}`
  const lines = [
    `detector ${report.detector} (pid ${report.pid}) on ${report.hostname}, kernel ${report.kernel}: ` +
      paint(isWatching ? 'green' : 'red', state.replaceAll('_', ' '), color),
    `up ${durationText(report.uptime_ms)} since ${report.started}${restarts}`,
    `${report.rules} rules, generation ${report.generation}, kernel filter ${filter}`,
    `memory ${sizeText(own.rss_bytes)}, CPU ${durationText(own.cpu_user_ms + own.cpu_system_ms)}`,
  ]
  if (detection !== null) lines.push(`hooks: ${detection.hooks.join(' ')}`)
  if (detection?.state_whole === false) lines.push('the state of the host is being mended')
  return lines
}

function alertLines({alerts}: DetectionReport): string[] {
  const rules = Object.entries(alerts.by_rule).sort(([, a], [, b]) => b - a)
  const priorities = Object.entries(alerts.by_priority).map(([name, count]) => `${name} ${count}`)
  const more = rules.length > MAX_ROWS ? [`  and ${rules.length - MAX_ROWS} rules more`] : []
  return [
    `${numberText(alerts.raised)} alerts${priorities.length > 0 ? `: ${priorities.join(', ')}` : ''}`,
    ...table(rules.slice(0, MAX_ROWS).map(([rule, count]) => [`  ${numberText(count)}`, rule])),
    ...more,
  ]
}

function kindLines({kinds, events, passed_share}: DetectionReport): string[] {
  const rows = Object.entries(kinds).sort(([, a], [, b]) => b.seen - a.seen)
  const share =
    passed_share === null ? '' : ` (${(passed_share * 100).toFixed(1)} % left the kernel)`
  const row = (name: string, {seen, filtered, passed, dropped, matched}: typeof events) => [
    `  ${name}`,
    ...[seen, filtered, passed, dropped, matched].map(numberText),
  ]
  const more = rows.length > MAX_ROWS ? [`  and ${rows.length - MAX_ROWS} kinds more`] : []
  return [
    `${numberText(events.seen)} events seen${share}`,
    ...table([
      ['  kind', 'seen', 'filtered', 'passed', 'dropped', 'matched'],
      ...rows.slice(0, MAX_ROWS).map(([kind, counts]) => row(kind, counts)),
      row('all', events),
    ]),
    ...more,
  ]
}

function laneLines({lanes, threads}: DetectionReport): string[] {
  const lane = (name: 'state' | 'bulk') =>
    `${name} ${(lanes[name].share * 100).toFixed(1)} % of ${sizeText(lanes[name].size_bytes)}`
  return [
    `ring buffers: ${lane('state')}, ${lane('bulk')}`,
    `threads: ${numberText(threads.known)} known, ${threads.unknown} unknown, ${threads.evicted} given up`,
  ]
}

function missedLines({missed}: StatusReport, color: boolean): string[] {
  if (missed.totals.length === 0) return ['missed: nothing']
  return [
    paint('bold', 'missed', color),
    ...missed.totals.map(total => {
      const line = `  ${missedLine(total)}`
      return total.group === 'lost' ? paint('red', line, color) : line
    }),
  ]
}

function outputLines(output: OutputReport): string[] {
  const {sink, delivered, pending, failures, last_error} = output
  const failed = failures === 0 ? '' : `, ${failures} failures, last: ${last_error}`
  return [`output ${sink}: ${delivered} delivered, ${pending} waiting${failed}`]
}

/** Cells below one another; all columns but the first and the last are set to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map(row => row[column]?.length ?? 0)),
  )
  return rows.map(row =>
    row
      .map((cell, column) => {
        if (column === 0) return cell.padEnd(widths[0] ?? 0)
        return column === row.length - 1 && Number.isNaN(Number(cell[0]))
          ? cell
          : cell.padStart(widths[column] ?? 0)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** The same without controls in any text or key: names come from files and from what runs on the host. */
function cleaned<T>(value: T): T {
  if (typeof value === 'string')
    return value.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd') as T
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cleaned) as T
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [cleaned(key), cleaned(item)]),
  ) as T
}
