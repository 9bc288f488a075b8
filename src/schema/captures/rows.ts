import type {CaptureDef, Source} from '../capture.ts'

/** Builders that keep the rows of the capture table short. */

/** Bytes of a written buffer that a record keeps (the peers' default). */
export const SNAP_LENGTH = 80
/** Longest text taken from user memory (PATH_MAX), closing NUL included. */
export const TEXT_MAX = 4096

/** The call's result. */
export const ret: Source = {from: 'ret'}

/** A signed 32-bit argument: descriptors, process ids. */
export const s32 = (index: number): Source => ({from: 'arg', index, as: 's32'})

/** An unsigned 32-bit argument: flags, modes, user ids. */
export const u32 = (index: number): Source => ({from: 'arg', index, as: 'u32'})

/** A 64-bit argument: sizes, addresses. */
export const u64 = (index: number): Source => ({from: 'arg', index, as: 'u64'})

/** Text that an argument points to. */
export const text = (index: number): Source => ({from: 'text', index})

/** The directory that the name in one argument is relative to by the descriptor in another. */
export const dirPath = (index: number, nameIndex: number): Source => ({
  from: 'dirPath',
  index,
  nameIndex,
})

/** Device number of the file whose address is the value `of`; `missing`, if given, stands for it without a file. */
export const device = (of: string, missing?: number): Source => ({
  from: 'fileNumber',
  of,
  path: ['f_inode', 'i_sb', 's_dev'],
  form: 'device',
  ...(missing === undefined ? {} : {missing}),
})

/** Inode number of that file. */
export const inode = (of: string, missing?: number): Source => ({
  from: 'fileNumber',
  of,
  path: ['f_inode', 'i_ino'],
  ...(missing === undefined ? {} : {missing}),
})

/** The real file behind the descriptor in an argument; captured only when {@link realOnDemand} values are wanted. */
export const realFile = (fdIndex: number): CaptureDef['values'] => ({
  $file: {from: 'file', fd: fdIndex},
  $real: {from: 'filePath', of: '$file'},
  $dev: device('$file'),
  $ino: inode('$file'),
  $mnt: {from: 'mountId', of: '$file'},
})

/** What {@link realFile} brings: wanted together or not at all. */
export const realOnDemand = ['$file', '$real', '$dev', '$ino', '$mnt'] as const

/** Options of prctl whose second argument points to text: PR_SET_NAME and PR_GET_NAME. */
export const PRCTL_TEXT_OPTIONS = [15, 16] as const

/** The first bytes of a buffer. */
export const data = (index: number): Source => ({from: 'buffer', index, max: SNAP_LENGTH})

/** A row for a system call by its x86_64 number. */
export function call(
  kind: string,
  nr: number,
  values: CaptureDef['values'],
  options: Pick<CaptureDef, 'state' | 'onDemand' | 'onlyArg'> & {readonly event?: string} = {},
): CaptureDef {
  const {event = kind, ...rest} = options
  return {kind, event, hook: {at: 'sys_exit', nr}, values, ...rest}
}

/** For rows that the state needs while descriptors are followed. */
export const forDescriptors = {state: 'fds'} as const
