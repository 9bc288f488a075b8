import {hostname} from 'node:os'
import {explainEvents} from '../../../app/explain/explain-capture.ts'
import type {ChosenRules} from '../../../app/explain/select-rules.ts'
import {checkFilter} from '../../../compiler/check.ts'
import type {CheckedCondition} from '../../../compiler/checked.ts'
import {parseCondition} from '../../../compiler/condition/parser.ts'
import {codeFrame} from '../../../diagnostics/code-frame.ts'
import {CodedError} from '../../../diagnostics/error.ts'
import type {Span} from '../../../diagnostics/span.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {eventJson} from './event-json.ts'
import {eventText} from './event-text.ts'
import type {ExplainSetting} from './explain.ts'

/** Most events that are explained at once. */
const MAX_EVENTS = 100

/** Which events of which file. */
export interface EventWishes {
  readonly path: string
  readonly filter: string | undefined
  readonly number: number | undefined
}

/**
 * Prints what the chosen rules make of the events of a file: text, or one JSON object a line for each event. Ends with 1 when the
 * file is damaged, or holds no event that is asked for.
 *
 * @throws CodedError CLI_USAGE for the filter, CAPTURE_… for the file, INTERNAL where two ways of judging differ
 */
export async function explainEventFile(
  {args, config, set, log}: ExplainSetting,
  {chosen, named}: ChosenRules,
  {path, filter, number}: EventWishes,
  io: CliIo,
): Promise<number> {
  const options = {
    named,
    verbose: args.verbose,
    color: args.color,
    firstOnly: !named && config.ruleMatching === 'first',
  }
  const {explained, more, fieldEvents, capture} = await explainEvents({
    path,
    rules: chosen,
    macros: set.loaded.macros,
    hostname: io.env['FALCO_HOSTNAME'] ?? hostname(),
    filter: filter === undefined ? undefined : parseFilter(filter),
    number,
    maxEvents: MAX_EVENTS,
    onEvent: event => io.stdout(args.json ? `${eventJson(event)}\n` : eventText(event, options)),
  })
  if (more > 0)
    log('warning', `${more} more events are not explained: choose some with --filter or --num`)
  if (capture.damage !== undefined) {
    const {offset, line, reason} = capture.damage
    const place = line === undefined ? `offset ${offset} of its unpacked content` : `line ${line}`
    log('error', `${path}: ${fieldEvents ? 'no field event' : 'damaged'} at ${place}: ${reason}`)
    return EXIT.findings
  }
  if (explained > 0) return EXIT.ok
  log('warning', `${path} holds no event that is asked for (${capture.events} events in all)`)
  return EXIT.findings
}

function parseFilter(text: string): CheckedCondition {
  const parsed = parseCondition(text)
  if (!parsed.ok) throw badFilter(text, parsed.message, parsed.span)
  const verdict = checkFilter(parsed.expr)
  if (!verdict.ok) throw badFilter(text, verdict.problem.message, verdict.problem.span)
  return verdict.condition
}

function badFilter(text: string, message: string, span: Span): CodedError {
  return new CodedError('CLI_USAGE', `--filter: ${message}\n${codeFrame(text, span)}`)
}
