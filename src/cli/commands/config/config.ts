import {randomUUID} from 'node:crypto'
import {hostname} from 'node:os'
import {loadConfig} from '../../../app/config.ts'
import {didYouMean} from '../../../diagnostics/did-you-mean.ts'
import {CodedError} from '../../../diagnostics/error.ts'
import {visibleText} from '../../../outputs/formats/visible-text.ts'
import {failureOf, type Sink} from '../../../outputs/sink.ts'
import type {Alert} from '../../../schema/alert.ts'
import {hasOption, lastValueOf, type ParsedCommand, valuesOf} from '../../command.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {toRunArgs} from '../../run-options.ts'
import {sinksOf} from '../run.ts'

/** How long one output may take, in seconds. */
const DEFAULT_WITHIN = 30

/** What became of a test alert at one output. */
interface TestResult {
  readonly output: string
  readonly delivered: boolean
  /** Another try would fail as well. */
  readonly permanent?: boolean
  readonly error?: string
}

/**
 * Reads the configuration and opens its outputs; nothing is sent.
 * @throws CodedError `CONFIG_INVALID`
 */
export async function runConfigCheck(parsed: ParsedCommand, io: CliIo): Promise<number> {
  const {path, sinks} = openConfigured(parsed, io)
  await closeAll(sinks)
  const outputs = sinks.map(({name}) => name)
  io.stdout(
    hasOption(parsed, 'json')
      ? `${JSON.stringify({valid: true, path: path ?? null, outputs})}\n`
      : `${path ?? 'the defaults'}: ok; outputs: ${outputs.map(visibleText).join(', ') || 'none'}\n`,
  )
  return EXIT.ok
}

/**
 * Sends one alert to an output, or to all.
 * @throws CodedError `CONFIG_INVALID`, `CLI_USAGE` for a name that no output has
 */
export async function runTestOutput(
  parsed: ParsedCommand,
  name: string | undefined,
  io: CliIo,
): Promise<number> {
  const {sinks} = openConfigured(parsed, io)
  try {
    const chosen = name === undefined ? sinks : sinks.filter(sink => sink.name === name)
    if (chosen.length === 0) throw unknownOutput(name, sinks)
    const within = Math.min(600, Number(lastValueOf(parsed, 'within') ?? DEFAULT_WITHIN))
    const results: TestResult[] = []
    for (const sink of chosen) {
      const result = await testSink(sink, within * 1000)
      results.push(result)
      if (!hasOption(parsed, 'json')) io.stdout(resultLine(result))
    }
    if (hasOption(parsed, 'json')) io.stdout(`${JSON.stringify(results)}\n`)
    return results.every(({delivered}) => delivered) ? EXIT.ok : EXIT.findings
  } finally {
    await closeAll(sinks)
  }
}

function openConfigured(parsed: ParsedCommand, io: CliIo) {
  const {config, path, warnings} = loadConfig({
    path: lastValueOf(parsed, 'config'),
    overrides: valuesOf(parsed, 'option'),
    env: io.env,
  })
  for (const warning of warnings) io.stderr(`warning: ${warning}\n`)
  return {path, sinks: sinksOf(config, toRunArgs(parsed, io), io)}
}

async function testSink(sink: Sink, withinMs: number): Promise<TestResult> {
  try {
    await sink.deliver([testAlert()], AbortSignal.timeout(withinMs))
    return {output: sink.name, delivered: true}
  } catch (error) {
    const {permanent} = failureOf(error)
    const reason = error instanceof Error ? error.message : String(error)
    return {output: sink.name, delivered: false, permanent, error: reason}
  }
}

function resultLine({output, delivered, permanent, error = ''}: TestResult): string {
  if (delivered) return `${visibleText(output)}: took the test alert\n`
  const fate = permanent ? 'refused it for good' : 'did not take it'
  return `${visibleText(output)}: ${fate}: ${visibleText(error)}\n`
}

function testAlert(): Alert {
  return {
    id: `test-${randomUUID()}`,
    timeNs: BigInt(Date.now()) * 1_000_000n,
    hostname: hostname(),
    rule: 'Test of an output',
    priority: 'Notice',
    source: 'internal',
    tags: ['test'],
    message: 'this alert is a test of the output, nothing happened',
    fields: [['proc.name', 'detector']],
    generation: 0,
  }
}

function unknownOutput(name: string | undefined, sinks: readonly Sink[]): CodedError {
  const names = sinks.map(sink => sink.name)
  if (name === undefined) return new CodedError('CLI_USAGE', 'the configuration has no output')
  const near = didYouMean(name, names)
  return new CodedError('CLI_USAGE', `there is no output ${JSON.stringify(name)}`, {
    hint: near === undefined ? `there are: ${names.join(', ')}` : `did you mean ${near}?`,
  })
}

async function closeAll(sinks: readonly Sink[]): Promise<void> {
  await Promise.all(sinks.map(sink => sink.close()))
}
