import type {ExplainedKind} from '../../../app/explain/explain-kind.ts'
import type {ExplainedRule, ExplainedSet} from '../../../app/explain/explain-rules.ts'
import type {StateFlow} from '../../../app/explain/state-flow.ts'
import type {ExplainedTest} from '../../../compiler/explain/explain-filter.ts'
import {printTest} from '../../../compiler/explain/print-test.ts'
import {USER_REASONS} from '../../../compiler/explain/user-reason.ts'
import {TEXT_FILTER_MAX} from '../../../compiler/filter/kernel-filter.ts'
import {printable} from '../../../diagnostics/code-frame.ts'
import {paint} from '../../render.ts'
import {columns, labelled, percent} from './lines.ts'

/** Names that are listed before the rest is counted. */
const NAMES_SHOWN = 12
const LABEL = 13
/** Tests of one reason that are listed before the rest is counted. */
const TESTS_SHOWN = 5
const BIT_TEXTS = {
  process: 'worked out by user space once for each process, read by the kernel as a bit',
  descriptor: 'worked out by user space once for each open file, read by the kernel as a bit',
} as const

/** How text is shown. */
export interface TextOptions {
  readonly color: boolean
  /** Every test, however many. */
  readonly verbose: boolean
  /** What the configuration says: off, everything that is captured leaves the kernel. */
  readonly kernelFilter: boolean
}

/** Rules in full, for a person. */
export function rulesText(set: ExplainedSet, options: TextOptions): string {
  return set.rules.map(rule => `${ruleLines(rule, set, options).join('\n')}\n`).join('\n')
}

/** One line a rule, for a person. */
export function tableText(set: ExplainedSet): string {
  const rows = set.rules.map(({rule, kinds}) => {
    const count = (...decided: readonly ExplainedKind['decided'][]): string =>
      String(kinds.filter(kind => decided.includes(kind.decided)).length)
    const estimates = kinds.flatMap(({estimate}) => estimate ?? [])
    return [
      printable(rule.name),
      count('all'),
      count('part'),
      count('none', 'too_large'),
      estimates.length === 0 ? '' : percent(Math.max(...estimates)),
      someOf(
        kinds.filter(({decided}) => decided !== 'never').map(({kind}) => kind),
        5,
      ),
    ]
  })
  const heads = ['RULE', 'ALL', 'PART', 'NONE', 'ESTIMATE', 'KINDS OF RECORD']
  return `${columns([heads, ...rows]).join('\n')}\n
ALL, PART, NONE: kinds of record whose condition the kernel decides. ESTIMATE: a guess at the share of
records that pass for the rule, of the kind that passes most. For one rule in full: detector explain RULE.
`
}

/** How all rules together are attached, and what flows for the state. */
export function setText(set: ExplainedSet, {color, kernelFilter}: TextOptions): string {
  const {plan, hooks, state, loaded} = set
  const filtered = [...plan.kinds.values()].filter(({filter}) => filter !== undefined).length
  const lines = [
    paint(
      'bold',
      loaded === 1 ? 'The one rule that is loaded' : `All ${loaded} rules together`,
      color,
    ),
    ...labelled(
      2,
      LABEL,
      'captured',
      `${plan.kinds.size} kinds of record, ${filtered} of them filtered`,
    ),
    ...labelled(
      2,
      LABEL,
      'attached',
      hooks.known
        ? `${hooks.plan.calls} at system calls, because ${hooks.plan.reason}; about ${hooks.plan.costNs} ns a call (estimate)`
        : `depends on the kernel: ${printable(hooks.error.message)}`,
    ),
    ...state.flatMap(flow => stateLines(flow)),
  ]
  if (!kernelFilter)
    lines.push(
      ...labelled(
        2,
        LABEL,
        'note',
        'kernel_filter is off: every captured record leaves the kernel',
      ),
    )
  return `${lines.join('\n')}\n`
}

function stateLines({need, everyCall, kinds, filtered, because}: StateFlow): string[] {
  const why =
    need === 'life'
      ? 'always: the life of processes'
      : `descriptors are ${everyCall ? 'followed call by call' : 'told by the files behind them'}, because of ${because.length === 1 ? 'a rule that looks' : `${because.length} rules that look`} at descriptors of before`
  const lines = labelled(2, LABEL, 'for state', `${why}; these kinds: ${someOf(kinds)}`)
  if (filtered.length > 0)
    lines.push(
      ...labelled(
        2,
        LABEL,
        '',
        `filtered, but for what the state needs of them: ${someOf(filtered)}`,
      ),
    )
  for (const {rule, fields, events} of because.slice(0, 3))
    lines.push(
      ...labelled(
        4,
        LABEL - 2,
        '',
        `${printable(rule)}: ${someOf(fields, 4)} of ${someOf(events, 4)}`,
      ),
    )
  if (because.length > 3) lines.push(`${' '.repeat(LABEL + 2)}… ${because.length - 3} more rules`)
  return lines
}

function ruleLines(
  {rule, runs, events, notLive, follows, kinds}: ExplainedRule,
  set: ExplainedSet,
  options: TextOptions,
): string[] {
  const place = `${rule.file}:${rule.position.line + 1}`
  const lines = [
    `${paint('bold', printable(rule.name), options.color)} (${rule.priority}, ${printable(place)}${runs ? '' : ', does not run'})`,
    ...labelled(2, LABEL, 'events', someOf(events)),
  ]
  if (notLive.length > 0)
    lines.push(...labelled(2, LABEL, 'not live', `${someOf(notLive)}: not captured on this host`))
  if (follows !== undefined)
    lines.push(
      ...labelled(
        2,
        LABEL,
        'follows',
        `descriptors that earlier events opened: ${someOf(follows.fields)} of ${someOf(follows.events)}`,
      ),
    )
  for (const group of grouped(kinds)) lines.push(...groupLines(group, set, options))
  return lines
}

/** Kinds that are explained in the same words are shown as one. */
function grouped(kinds: readonly ExplainedKind[]): ExplainedKind[][] {
  const groups = new Map<string, ExplainedKind[]>()
  for (const kind of kinds) {
    const tests = kind.tests.map(({test, decider, reason}) => [test.text, decider, reason])
    const {decided, condition, flow, forState, tracepoint, lane} = kind
    const key = JSON.stringify([decided, condition, flow, forState, tracepoint, lane, tests])
    groups.set(key, [...(groups.get(key) ?? []), kind])
  }
  return [...groups.values()]
}

function groupLines(
  group: readonly ExplainedKind[],
  {hooks}: ExplainedSet,
  {color, verbose}: TextOptions,
): string[] {
  const [first] = group
  if (first === undefined) return []
  const {tracepoint, decided, tests} = first
  const lines = ['', `  ${paint('cyan', someOf(group.map(({kind}) => kind)), color)}`]
  const put = (label: string, text: string): void =>
    void lines.push(...labelled(4, LABEL, label, text))
  const calls = group.flatMap(({call}) => (call === undefined ? [] : callText(call)))
  const attached = hooks.known
    ? ` by ${tracepoint === 'sys_exit' ? hooks.plan.calls : hooks.plan.others}`
    : ''
  put('hook', `${tracepoint}${calls.length > 0 ? ` of ${someOf(calls)}` : ''}${attached}`)
  if (decided === 'never') {
    put('kernel', 'no record can match: nothing is captured for this rule')
    return lines
  }
  if (group.some(({entryCopy}) => entryCopy))
    put('at entry', 'path or address copied when the call begins')
  for (const {kind, values} of group.slice(0, group.length > 3 ? 1 : 3))
    put('captured', `${group.length > 1 ? `${kind}: ` : ''}${valuesText(values)}`)
  put('kernel', kernelText(first))
  for (const {label, text, part} of testGroups(tests)) {
    put(label, `${text}:`)
    const shown = verbose ? part : part.slice(0, TESTS_SHOWN)
    for (const {test} of shown) lines.push(...labelled(6 + LABEL, 0, '', printTest(test)))
    const more = part.length - shown.length
    if (more > 0) lines.push(`${' '.repeat(6 + LABEL)}… ${more} more (-v shows them)`)
  }
  if (tests.some(({plainTextOnly}) => plainTextOnly))
    put(
      'also passes',
      `a text that was cut or not read, is longer than ${TEXT_FILTER_MAX} bytes, or is a path that is relative or not plain`,
    )
  const flow = flowText(first)
  if (flow !== undefined) put('flow', flow)
  const others = Math.max(...group.map(({otherRules}) => otherRules))
  if (others > 0)
    put(
      'shared',
      `${others === 1 ? 'one more rule looks' : `${others} more rules look`} at these records`,
    )
  return lines
}

function kernelText({decided, shortCondition: condition, estimate}: ExplainedKind): string {
  switch (decided) {
    case 'too_large':
      return 'every record passes: the filter would be too large'
    case 'never':
      return 'no record passes'
    default:
      return condition === undefined
        ? 'every record passes'
        : `${condition}${estimate === undefined ? '' : ` [decided: ${decided}; passes: ${percent(estimate)}, estimated]`}`
  }
}

function callText({name, number, compatNumbers}: NonNullable<ExplainedKind['call']>): string {
  return `${name} (${[number, ...compatNumbers].join(', ')})`
}

/** What becomes of the kind when all rules and the state have their say. */
function flowText({flow, forState, decided}: ExplainedKind): string | undefined {
  if (flow === 'none') return 'no record is captured: none can match any rule'
  if (flow === 'filtered') return forState ? 'further records may pass for the state' : undefined
  if (forState) return 'every record passes all the same: the state is made of them'
  return decided === 'none' ? undefined : 'every record passes all the same: other rules let them'
}

const LABELS = {
  process: 'process',
  descriptor: 'open file',
  part: 'in part',
  user: 'user space',
} as const

/** Tests that the kernel does not decide from the record, by the reason. */
function testGroups(
  tests: readonly ExplainedTest[],
): {readonly label: string; readonly text: string; readonly part: ExplainedTest[]}[] {
  const groups = new Map<string, {label: string; text: string; part: ExplainedTest[]}>()
  for (const each of tests) {
    const {decider, reason} = each
    if (decider === 'kernel') continue
    const isBit = decider === 'process' || decider === 'descriptor'
    const text = isBit ? BIT_TEXTS[decider] : USER_REASONS[reason ?? 'enclosed']
    const label = LABELS[decider]
    const group = groups.get(`${label} ${text}`) ?? {label, text, part: []}
    groups.set(`${label} ${text}`, group)
    group.part.push(each)
  }
  return [...groups.values()]
}

function valuesText(values: ExplainedKind['values']): string {
  const own = values.filter(({isExtra}) => !isExtra)
  const extra = values.filter(({isExtra}) => isExtra)
  const nameOf = ({name, neededBy = []}: ExplainedKind['values'][number]): string =>
    neededBy.length > 0 ? `${name} (on demand, for ${someOf(neededBy, 3)})` : name
  const parts = [own.map(nameOf).join(' ') || 'no parameters']
  if (extra.length > 0) parts.push(`for state and own fields: ${extra.map(nameOf).join(' ')}`)
  return parts.join('; ')
}

/** The first of some names, and how many there are more. */
function someOf(names: readonly string[], most = NAMES_SHOWN): string {
  const shown = names.slice(0, most).map(printable).join(', ')
  return names.length > most ? `${shown}, … ${names.length - most} more` : shown
}
