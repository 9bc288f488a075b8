import {CodedError} from '../../../diagnostics/error.ts'
import type {Command, OptionSpec} from '../../command.ts'

/** What `config` can do. */
const ACTIONS = ['check', 'test-output'] as const

/** Options that other commands have too. */
export interface SharedOptions {
  readonly config: readonly OptionSpec[]
  readonly common: readonly OptionSpec[]
}

/** `detector config`: what it takes. */
export function configCommand({config, common}: SharedOptions): Command {
  return {
    name: 'config',
    summary: 'Check the configuration, or send a test alert to an output',
    usage: 'config check|test-output [NAME] [OPTIONS]',
    details: [
      'check reads the configuration and opens its outputs without sending anything; mistakes are',
      'printed with their places. test-output sends one alert to the output NAME, without NAME to every',
      'output, and says what became of it. Ends with 1 when an output did not take it.',
    ],
    positionals: {name: ACTIONS.join('|'), choices: ACTIONS, min: 1, max: 2},
    options: [
      {
        name: 'within',
        value: 'SECONDS',
        check: 'seconds',
        doc: 'test-output: longest wait; 30 by default',
      },
      ...config,
      ...common,
    ],
    async run(parsed, io) {
      const [action, name] = parsed.positionals
      if (action === 'check' && name !== undefined)
        throw new CodedError('CLI_USAGE', 'config check takes no NAME')
      const {runConfigCheck, runTestOutput} = await import('./config.ts')
      return action === 'check' ? runConfigCheck(parsed, io) : runTestOutput(parsed, name, io)
    },
  }
}
