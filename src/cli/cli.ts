import {CodedError} from '../diagnostics/error.ts'
import {parseCommandLine} from './args.ts'
import {COMMANDS} from './commands.ts'
import {EXIT} from './exit-codes.ts'
import {commandHelp, overview} from './help-text.ts'
import type {CliIo} from './io.ts'
import {renderError, wantsColor} from './render.ts'

/**
 * Runs one command line to its end. Never throws: what goes wrong is told on standard error.
 *
 * @param argv the words after the program's name
 * @returns the exit code
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const line = parseCommandLine(argv, COMMANDS)
    if (line.kind === 'help') {
      const command = COMMANDS.find(candidate => candidate.name === line.topic)
      io.stdout(command === undefined ? overview(COMMANDS) : commandHelp(command))
      return EXIT.ok
    }
    return await line.parsed.command.run(line.parsed, io)
  } catch (error) {
    io.stderr(renderError(error, wantsColor('auto', io.env, process.stderr.isTTY === true)))
    return error instanceof CodedError ? error.exitCode : EXIT.internal
  }
}
