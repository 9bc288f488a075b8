import {CODES} from '../src/diagnostics/codes.ts'
import {FILLED_FIELDS} from '../src/engine/field-binder.ts'
import {LIVE_EVENTS} from '../src/schema/capture-table.ts'
import type {EventPair} from '../src/schema/event-pair.ts'
import {EVENT_PAIRS} from '../src/schema/event-table.ts'
import {FIELDS, type FieldDef} from '../src/schema/field-table.ts'
import {OWN_EVENTS} from '../src/schema/tables/events-own.ts'

/** A document made from the tables. */
export interface GeneratedDoc {
  /** Relative to the package. */
  readonly path: string
  readonly text: string
}

const NOTICE = 'Made by `npm run generate` from the tables in the source; edit those.'

/** Every document that is made from tables. The same tables give the same text. */
export function generatedDocs(): GeneratedDoc[] {
  return [
    {path: 'docs/fields.md', text: fieldsDoc()},
    {path: 'docs/events.md', text: eventsDoc()},
    {path: 'docs/errors.md', text: errorsDoc()},
  ]
}

function fieldsDoc(): string {
  const live = FIELDS.filter(field => FILLED_FIELDS.has(field.name)).length
  const classes = [...new Set(FIELDS.map(field => field.class))]
  return page('Fields', [
    `What conditions and outputs can ask for: ${FIELDS.length} fields. Live detection fills ${live} of them, marked "live";`,
    'the others are known to the compiler but absent in live events.',
    ...classes.flatMap(name => [
      '',
      `## ${name}`,
      '',
      ...FIELDS.filter(field => field.class === name).map(fieldLine),
    ]),
  ])
}

function fieldLine(field: FieldDef): string {
  const facts = [
    field.list === true ? `list of ${field.type}` : field.type,
    field.arg === undefined ? '' : `argument ${code(field.arg.syntax)}, ${field.arg.mode}`,
    field.filterOnly === true ? 'conditions only' : '',
    field.printOnly === true ? 'outputs only' : '',
    field.deprecated === true ? 'deprecated' : '',
    FILLED_FIELDS.has(field.name) ? 'live' : '',
  ]
  return item(code(field.name), facts, field.doc)
}

function eventsDoc(): string {
  const events = EVENT_PAIRS.filter(pair => pair.status === 'current')
  return page('Events', [
    `The ${events.length} events that rules can name in \`evt.type\`, with the parameters that \`evt.arg\` reads. Those marked`,
    '"live" are captured by live detection today; a rule that needs only others never alerts there.',
    '',
    ...events.map(eventLine),
    '',
    '## Our own',
    '',
    'Captures know these system calls only as the generic event, without parameters: live detection gives them some. Rules name',
    'them as everywhere.',
    '',
    ...OWN_EVENTS.map(eventLine),
  ])
}

function eventLine({name, category, enter, exit}: EventPair): string {
  const params = (exit ?? enter)?.params ?? []
  const list = params.map(param => `${code(param.name)} ${param.type}`).join(', ')
  const live = LIVE_EVENTS.has(name) ? 'live' : ''
  return item(code(name), [category, live], list === '' ? 'no parameters' : list)
}

function errorsDoc(): string {
  return page('Error codes', [
    'Exit codes: 1 findings, 2 wrong command line or configuration, 3 missing environment, 70 a defect.',
    '',
    ...Object.entries(CODES).map(([name, {title, meaning, exit}]) =>
      item(code(name), [`exit ${exit}`], `${title}. ${meaning}`),
    ),
  ])
}

function page(title: string, lines: readonly string[]): string {
  return `${[`# ${title}`, '', NOTICE, '', ...lines].join('\n')}\n`
}

function item(name: string, facts: readonly string[], text: string): string {
  // Outside of code, characters that Markdown would read as its own are escaped.
  const plain = text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[<>*_[\]]/g, '\\$&')))
    .join('')
    .replace(/\s+/g, ' ')
  return `- ${name} (${facts.filter(fact => fact !== '').join('; ')}): ${plain}`
}

function code(text: string): string {
  return `\`${text}\``
}
