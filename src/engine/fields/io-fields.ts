import type {FieldValue} from '../../schema/value.ts'
import {resultOf, textParam} from '../../state/events/event-scope.ts'
import {FD, isFile, isInternet} from '../../state/fd.ts'
import type {MatchContext} from '../match-context.ts'
import {type FieldFactory, type FieldSource, plain} from './field-source.ts'

const SYSLOG = '/dev/log'

/** Fields of data that comes and goes. */
export const IO_FIELDS: FieldSource = {
  'evt.buffer': plain(({event}) => textParam(event, 'data')),
  'evt.is_io': plain(({event}) => reads(event) || writes(event)),
  'evt.is_io_read': plain(({event}) => reads(event)),
  'evt.is_io_write': plain(({event}) => writes(event)),
  'evt.io_dir': plain(({event}) => (writes(event) ? 'write' : reads(event) ? 'read' : undefined)),
  'evt.is_syslog': plain(({event, fd}) => writes(event) && fd?.name.includes(SYSLOG) === true),
  'evt.buflen': length(),
  'evt.buflen.in': length({way: 'io_read'}),
  'evt.buflen.out': length({way: 'io_write'}),
  'evt.buflen.file': length({kind: 'file'}),
  'evt.buflen.file.in': length({kind: 'file', way: 'io_read'}),
  'evt.buflen.file.out': length({kind: 'file', way: 'io_write'}),
  'evt.buflen.net': length({kind: 'net'}),
  'evt.buflen.net.in': length({kind: 'net', way: 'io_read'}),
  'evt.buflen.net.out': length({kind: 'net', way: 'io_write'}),
}

function reads({def}: MatchContext['event']): boolean {
  return def.flags.includes('reads_from_fd')
}

function writes({def}: MatchContext['event']): boolean {
  return def.flags.includes('writes_to_fd')
}

/** Bytes that were moved over a known descriptor. */
function length(only: {readonly way?: string; readonly kind?: 'file' | 'net'} = {}): FieldFactory {
  return plain((context): FieldValue | undefined => {
    const {event, fd} = context
    const {category, direction} = event.def
    if (fd === undefined || direction !== 'exit' || !category.startsWith('io_')) return undefined
    if (only.way !== undefined && category !== only.way) return undefined
    if (only.kind === 'file' && !isFile(fd) && fd.type !== FD.directory) return undefined
    if (only.kind === 'net' && !isInternet(fd)) return undefined
    const result = resultOf(event)
    return result === undefined || result < 0 ? undefined : result
  })
}
