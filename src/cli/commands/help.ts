import {findCommand} from '../args.ts'
import type {Command} from '../command.ts'
import {EXIT} from '../exit-codes.ts'
import {commandHelp, overview} from '../help-text.ts'
import type {CliIo} from '../io.ts'

/**
 * Prints the commands, or what one of them takes.
 *
 * @throws CodedError `CLI_USAGE` for a topic that is no command
 */
export async function runHelp(
  args: {readonly topic: string | undefined},
  commands: readonly Command[],
  io: CliIo,
): Promise<number> {
  const {topic} = args
  io.stdout(topic === undefined ? overview(commands) : commandHelp(findCommand(topic, commands)))
  return EXIT.ok
}
