import {listTraceEvents, type TraceEvent} from '../../sensor/object/trace-formats.ts'
import type {CliIo} from '../io.ts'
import {paint} from '../render.ts'

/**
 * Prints the trace events of this kernel with the arguments that programs find in their context.
 * @param args.glob CATEGORY/NAME with `*` and `?`; without a slash it may fit either of them
 * @throws CodedError SENSOR_UNSUPPORTED when tracefs cannot be read
 */
export function listTracepoints(
  args: {readonly glob: string | undefined; readonly json: boolean; readonly color: boolean},
  io: Pick<CliIo, 'stdout'>,
): void {
  const events = listTraceEvents(nameFilter(args.glob))
  if (args.json) io.stdout(`${JSON.stringify(events)}\n`)
  else io.stdout(events.map(event => row(event, args.color)).join(''))
}

/** Whether a glob fits CATEGORY/NAME, or one of the two when it has no slash. */
export function nameFilter(glob: string | undefined): (name: string) => boolean {
  if (glob === undefined) return () => true
  const parts = [...glob].map(each => {
    if (each === '*') return '.*'
    return each === '?' ? '.' : each.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  // Runs of stars would make the pattern slow without making it fit more.
  const pattern = new RegExp(`^${parts.join('').replace(/(\.\*)+/g, '.*')}$`)
  return glob.includes('/')
    ? name => pattern.test(name)
    : name => name.split('/').some(part => pattern.test(part))
}

function row(event: TraceEvent, color: boolean): string {
  const head = paint('bold', event.name, color)
  const lines = event.arguments.map(
    ({name, type, offset, size}) =>
      `    ${offset}+${size}  ${type}${type.endsWith('*') ? '' : ' '}${name}`,
  )
  return `${[head, ...lines].join('\n')}\n`
}
