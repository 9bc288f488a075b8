import {runConditions} from './conditions.ts'
import {runEbpfSamples} from './ebpf-samples.ts'
import {runEventTypes} from './event-types.ts'
import {runFields} from './fields.ts'
import {runLoader} from './loader.ts'
import {runOperators} from './operators.ts'
import {runOutputFormat} from './output-format.ts'
import {runParser} from './parser.ts'
import {runReplay} from './replay.ts'
import type {SuiteResult} from './suite-files.ts'
import {runVerifier} from './verifier.ts'

/** Runs one suite over the cases in a folder; undefined when the folder has none for it. */
export type SuiteRunner = (dir: string) => Promise<SuiteResult | undefined>

/** Every suite that there is a runner for, by the name of its file, in the order of the report. */
export const SUITES: ReadonlyMap<string, SuiteRunner> = new Map([
  ['loader', runLoader],
  ['parser', runParser],
  ['operators', runOperators],
  ['event_types', runEventTypes],
  ['output_format', runOutputFormat],
  ['replay', runReplay],
  ['conditions', runConditions],
  ['fields', runFields],
  ['verifier', runVerifier],
  ['ebpf-samples-verdicts', runEbpfSamples],
])
