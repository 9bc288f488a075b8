import {hostname} from 'node:os'
import {type ExplainedSet, explainRules} from '../../../app/explain/explain-rules.ts'
import {type Measured, measureRules} from '../../../app/explain/measure-rules.ts'
import {programsOf, type ShownProgram} from '../../../app/explain/programs-of.ts'
import type {ChosenRules} from '../../../app/explain/select-rules.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {ruleOptionsOf, rulePathsOf} from '../../rule-choice.ts'
import {listenForSignals} from '../../signals.ts'
import type {ExplainSetting} from './explain.ts'
import {measuredText} from './measured-text.ts'
import {setJson} from './rules-json.ts'
import {rulesText, setText, type TextOptions, tableText} from './rules-text.ts'

const MIB = 1024 * 1024

/** What is wanted beside the words. */
export interface SetWishes {
  readonly disasm: boolean
  /** How long to measure, in milliseconds; undefined: not at all. */
  readonly liveMs: number | undefined
}

/**
 * Prints what the chosen rules become.
 * @throws CodedError SENSOR_… when programs are wanted, or a measurement, that this kernel or user cannot have
 */
export async function explainRuleSet(
  setting: ExplainSetting,
  chosen: ChosenRules,
  {disasm, liveMs}: SetWishes,
  io: CliIo,
): Promise<number> {
  const {args, config, set: rules} = setting
  const set = explainRules(chosen, rules, {
    entryCopies: config.entryCopies,
    hooks: args.hooks,
  })
  const programs = disasm ? programsOf(set) : undefined
  const measured = liveMs === undefined ? undefined : await measure(setting, liveMs)
  const {kernelFilter} = config
  if (args.json) {
    io.stdout(`${setJson(set, {kernelFilter, measured, programs})}\n`)
    return EXIT.ok
  }
  io.stdout(
    textOf(
      set,
      chosen.named,
      {color: args.color, verbose: args.verbose, kernelFilter},
      {programs, measured},
    ),
  )
  return EXIT.ok
}

function textOf(
  set: ExplainedSet,
  isNamed: boolean,
  options: TextOptions,
  {
    programs = [],
    measured,
  }: {
    readonly programs: readonly ShownProgram[] | undefined
    readonly measured: Measured | undefined
  },
): string {
  const parts = [isNamed ? rulesText(set, options) : tableText(set), setText(set, options)]
  if (measured !== undefined) parts.push(measuredText(measured, set, options.color))
  for (const {name, at, slots, instructions} of programs)
    parts.push(`${name}: ${at}, ${slots} instructions\n${instructions.join('\n')}\n`)
  return parts.join('\n')
}

/** Runs the detector on all rules for a time, or until a signal. */
function measure({args, config, log}: ExplainSetting, liveMs: number): Promise<Measured> {
  return measureRules(
    {
      rulePaths: rulePathsOf(args, config),
      ruleOptions: ruleOptionsOf(args, config),
      rings: {stateBytes: config.ring.stateMib * MIB, bulkBytes: config.ring.bulkMib * MIB},
      hooks: args.hooks,
      entryCopies: config.entryCopies,
      kernelFilter: config.kernelFilter,
      drops: config.drops,
      containers: config.containers,
      hostname: hostname(),
      log,
    },
    async armed => {
      log('info', `${armed.rules} rules armed, measuring for ${liveMs / 1000} s`)
      let forget = (): void => {}
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, liveMs)
        const stop = (): void => {
          clearTimeout(timer)
          resolve()
        }
        forget = listenForSignals({stop, reload: () => {}, reopen: () => {}})
      })
      forget()
    },
  )
}
