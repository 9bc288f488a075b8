import type {Place, Row, Script} from './row.ts'
import {LEFT_OUT, SITE_RULES, TOPICS} from './rows.ts'

const INTRODUCTION = `# The public rules, live

\`test/live/public-rules.live.test.ts\` runs one detector with all rules of Falco's three public files, those that are off by
default included. For each rule a script does harmlessly what the rule describes, and a benign twin does something alike. The rule
has to alert for the first and must not for the second. Other rules may alert for both.
Each entry below is the rule, its trigger, and after "not" the twin.

Scripts run in a folder of their own. \`as NAME SCRIPT\` runs a script in a shell of that name, \`fake NAME …\` a program that does
nothing; \`$NOTHING\` is that program, \`$ACT\` is \`test/testdata/live/rule-acts.c\`. Places:

- _container_: a control group named as Docker names its own, and a server that answers as Docker does; _first_: as process 1 of a
  pid namespace;
- _over_: folders of the machine behind an overlay in a private mount namespace;
- _network_: a network namespace with the addresses 203.0.113.1 and 10.9.9.1 where all else is lost;
- _user_, _without_: another user, fewer capabilities.

A change of the machine by a script ends with its namespaces. Names of hosts come from a name server of the test.
This page is made from the tables of the test: \`UPDATE_GOLDEN=1\` writes it.
`

/** The text of `docs/live-rules.md`. */
export function liveRulesPage(): string {
  const count = TOPICS.reduce((sum, {rows}) => sum + rows.length, 0)
  const leftOut = LEFT_OUT.map(({rule, reason}) => `- ${rule}: ${reason}\n`).join('')
  return [
    INTRODUCTION,
    `Tested: ${count} rules. Left out: ${LEFT_OUT.length}.\n`,
    ...TOPICS.map(({title, rows}) => `## ${title}\n\n${rows.map(entry).join('')}`),
    ...(leftOut === '' ? [] : [`## Left out\n\n${leftOut}`]),
    '## What a site adds\n',
    'The public files leave some lists to the site; the test fills them, and adds two rules of its own:\n',
    `\`\`\`yaml\n${SITE_RULES.trim()}\n\`\`\`\n`,
  ].join('\n')
}

function entry(row: Row): string {
  const why = row.why === undefined ? '' : ` (${row.why})`
  return `- ${row.rule}: ${scriptText(row, row.trigger)}; not ${scriptText(row, row.benign)}${why}\n`
}

function scriptText(row: Row, script: Script): string {
  const place = typeof script === 'string' ? {...row, script} : {...row, ...script}
  return `${placeText(place)}\`${place.script}\``
}

function placeText({container, first, user, without, over = [], network}: Place): string {
  const parts = [
    ...(container === undefined ? [] : [containerText(container)]),
    ...(first === true ? ['first'] : []),
    ...over.map(folder => `over ${folder}`),
    ...(network === true ? ['network'] : []),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(without === undefined ? [] : [`without ${without}`]),
  ]
  return parts.length === 0 ? '' : `_${parts.join(', ')}:_ `
}

function containerText(container: NonNullable<Place['container']>): string {
  const facts = Object.entries(container).map(([name, value]) =>
    value === true ? name : `${name} ${String(value)}`,
  )
  return facts.length === 0 ? 'container' : `container (${facts.join(', ')})`
}
