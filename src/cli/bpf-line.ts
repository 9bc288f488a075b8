import {CodedError} from '../diagnostics/error.ts'
import {hasOption, lastValueOf, type ParsedCommand, valuesOf} from './command.ts'
import type {CliIo} from './io.ts'

/**
 * Runs `detector bpf` on rules, on an object file or on what is loaded.
 * @throws CodedError CLI_USAGE when the words do not fit together; else see the commands
 */
export async function runBpfLine(parsed: ParsedCommand, io: CliIo): Promise<number> {
  const [action = '', path] = parsed.positionals
  const rules = valuesOf(parsed, 'rules')
  const json = hasOption(parsed, 'json')
  if (action === 'show' || rules.length > 0) {
    if (action !== 'show' && action !== 'disasm') throw usageError(`bpf ${action} takes no --rules`)
    if (path !== undefined) throw usageError('either a file or --rules, and neither for show')
    const {runBpf} = await import('./commands/bpf/bpf.ts')
    return runBpf({action, rules, json}, io)
  }
  const {runBpfObject} = await import('./commands/bpf/bpf-object.ts')
  if (path === undefined) {
    const more = action === 'disasm' ? ', or --rules PATH' : ''
    throw usageError(`bpf ${action} needs FILE.o${more}`)
  }
  const duration = lastValueOf(parsed, 'duration')
  return runBpfObject(
    {
      action,
      path,
      json,
      quiet: hasOption(parsed, 'quiet'),
      kernel: hasOption(parsed, 'kernel'),
      raw: hasOption(parsed, 'raw'),
      strict: hasOption(parsed, 'strict'),
      log: hasOption(parsed, 'log'),
      force: hasOption(parsed, 'force'),
      durationMs: duration === undefined ? undefined : Number(duration) * 1000,
    },
    io,
  )
}

function usageError(message: string): CodedError {
  return new CodedError('CLI_USAGE', message)
}
