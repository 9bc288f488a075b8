import type {ExplainedSet} from '../../../app/explain/explain-rules.ts'
import type {Measured} from '../../../app/explain/measure-rules.ts'
import {printable} from '../../../diagnostics/code-frame.ts'
import {paint} from '../../render.ts'
import {columns, percent} from './lines.ts'

/** What was measured, for a person: the kinds of the explained rules, and what the whole detector cost. */
export function measuredText(measured: Measured, {rules}: ExplainedSet, color: boolean): string {
  const {durationMs, kinds, matches, programs, cpuMs} = measured
  const wanted = new Set(rules.flatMap(rule => rule.kinds.map(({kind}) => kind)))
  const rows = Object.entries(kinds)
    .filter(([kind]) => wanted.has(kind))
    .sort(([, left], [, right]) => right.seen - left.seen)
    .map(([kind, {seen, filtered, passed, dropped, matched}]) => [
      kind,
      ...[seen, filtered, passed, dropped].map(String),
      seen === 0 ? '' : percent(passed / seen),
      String(matched),
    ])
  const others = Object.keys(kinds).length - rows.length
  const lines = [
    paint('bold', `Measured for ${(durationMs / 1000).toFixed(1)} s`, color),
    ...columns([
      ['KIND', 'SEEN', 'FILTERED', 'PASSED', 'DROPPED', 'SHARE', 'MATCHED'],
      ...rows,
    ]).map(indented),
  ]
  if (rows.length === 0) lines.push('  no record of these rules was seen')
  if (others > 0) lines.push(`  and ${others} kinds that these rules do not ask for`)
  lines.push(
    '',
    ...columns([['PROGRAM', 'RUNS', 'NS A RUN'], ...programs.map(programRow)]).map(indented),
  )
  lines.push(
    '  a run is that of an attached program with what it jumps to; counting it costs some 20 ns of it',
    `  the detector itself took ${Math.round(cpuMs)} ms of CPU time, ${percent(cpuMs / durationMs)} of one CPU`,
  )
  const names = new Set(rules.map(({rule}) => rule.name))
  const matching = Object.entries(matches).filter(([name]) => names.has(name))
  lines.push('', `  ${matching.length === 0 ? 'no rule matched' : 'matches by rule:'}`)
  for (const [name, count] of matching.sort(([, left], [, right]) => right - left))
    lines.push(`    ${count} × ${printable(name)}`)
  return `${lines.join('\n')}\n`
}

function programRow({name, runs, nsPerRun}: Measured['programs'][number]): string[] {
  return [printable(name), String(runs), String(nsPerRun)]
}

function indented(line: string): string {
  return `  ${line}`
}
