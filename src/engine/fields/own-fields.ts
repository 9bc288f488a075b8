import type {ByteString} from '../../schema/bytes.ts'
import {PATH_PARAMS} from '../../schema/tables/path-params.ts'
import type {FieldValue, Scalar} from '../../schema/value.ts'
import {intOf, numberOf, resultOf, textParam} from '../../state/events/event-scope.ts'
import type {FileIdentity} from '../../state/host-lookup.ts'
import {directoryOf, fileNameOf} from '../../state/path.ts'
import type {Thread} from '../../state/thread.ts'
import type {MatchContext} from '../match-context.ts'
import {type FieldFactory, type FieldSource, ofThread, plain} from './field-source.ts'
import {absolutePath} from './param-text.ts'
import {ancestor, parent} from './process-fields.ts'

/** Events after which the name stands for a file of its own, a link not followed. */
const ABOUT_LINKS: ReadonlySet<string> = new Set([
  'link',
  'linkat',
  'rename',
  'renameat',
  'renameat2',
  'symlink',
  'symlinkat',
  'unlink',
  'unlinkat',
  'rmdir',
  'lchown',
  'lsetxattr',
  'lremovexattr',
  'mkdir',
  'mkdirat',
  'mknod',
  'mknodat',
])
const RENAMES: ReadonlySet<string> = new Set(['rename', 'renameat', 'renameat2'])
const LINKS: ReadonlySet<string> = new Set(['link', 'linkat'])

/** Fields of our own: what the kernel resolved instead of what a program claims. */
export const OWN_FIELDS: FieldSource = {
  'fs.real.path': real(({path}) => path),
  'fs.real.name': real(({path}) => fileNameOf(path)),
  'fs.real.directory': real(({path}) => directoryOf(path)),
  'fs.real.dev': real(({dev}) => (dev === 0 ? undefined : dev)),
  'fs.real.ino': real(({ino}) => (ino === 0 ? undefined : ino)),
  'fs.real.mount': real(({mount}) => mount),
  'fs.real.oldpath': plain(oldPath),
  'proc.exefile': ofThread(exeFile),
  'proc.pexefile': parent(exeFile),
  'proc.aexefile': ancestor(exeFile),
  'proc.exe_dev': ofThread(({exeDevice}) => (exeDevice === 0 ? undefined : exeDevice)),
  'evt.cut': plain(({event}): FieldValue | undefined => {
    const {live} = event
    if (live === undefined) return undefined
    const cut = event.def.params.filter(({name}) => live.isCut(name)).map(({name}) => name)
    return cut.length === 0 ? undefined : cut
  }),
  'evt.copied': plain(({event}) => event.live?.copied),
}

function exeFile({exePath}: Thread): ByteString | undefined {
  return exePath === '' ? undefined : fileNameOf(exePath)
}

function real(value: (file: FileIdentity) => Scalar | undefined): FieldFactory {
  return plain(context => {
    const file = context.once('real file', realFile)
    return file === undefined ? undefined : value(file)
  })
}

/** The file of the event: captured from the descriptor, else looked up by the name that the call was given. */
function realFile(context: MatchContext): FileIdentity | undefined {
  const {event} = context
  const path = textParam(event, '$real')
  if (path !== undefined) {
    return {
      path,
      dev: numberOf(event, '$dev') ?? numberOf(event, 'dev') ?? 0,
      ino: intOf(event, '$ino') ?? intOf(event, 'ino') ?? 0,
      mount: numberOf(event, '$mnt'),
    }
  }
  const {name} = event.def
  const names = RENAMES.has(name)
    ? PATH_PARAMS.target
    : Object.hasOwn(PATH_PARAMS.name, name)
      ? PATH_PARAMS.name
      : PATH_PARAMS.source
  return lookUp(context, names, !ABOUT_LINKS.has(name))
}

function oldPath(context: MatchContext): ByteString | undefined {
  const {name} = context.event.def
  if (RENAMES.has(name)) return lookUp(context, PATH_PARAMS.source, false)?.path
  return LINKS.has(name) ? lookUp(context, PATH_PARAMS.target, false)?.path : undefined
}

function lookUp(
  context: MatchContext,
  names: Readonly<Record<string, string>>,
  last: boolean,
): FileIdentity | undefined {
  const {event, thread, state} = context
  const {name, params} = event.def
  if (!Object.hasOwn(names, name) || thread === undefined || event.live === undefined)
    return undefined
  const result = resultOf(event)
  const param = params.find(candidate => candidate.name === names[name])
  const value = param === undefined ? undefined : textParam(event, param.name)
  if (param === undefined || value === undefined || result === undefined || result < 0)
    return undefined
  return state.file(thread, absolutePath(context, param, value), last)
}
