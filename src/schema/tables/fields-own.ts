import type {FieldDef} from '../field-table.ts'

/** Fields of our own, which no peer has: what the kernel resolved instead of what a program claims. One row a field. */
export const OWN_FIELDS: readonly FieldDef[] = [
  {name: 'fs.real.path', class: 'fs.real', type: 'fspath', tier: 2, doc: 'Path of the file that the call opened or changed, as the kernel resolved it: links, "..", chroot, /proc/self/root and handles are followed. For calls that name a file instead of a descriptor it is looked up right after the call. After rename and link it is the new name.'},
  {name: 'fs.real.oldpath', class: 'fs.real', type: 'fspath', tier: 2, doc: 'For rename: the former path with its directory resolved. For link: the resolved path of the file that was linked.'},
  {name: 'fs.real.name', class: 'fs.real', type: 'string', tier: 2, doc: 'Last component of fs.real.path.'},
  {name: 'fs.real.directory', class: 'fs.real', type: 'string', tier: 2, doc: 'Directory part of fs.real.path.'},
  {name: 'fs.real.dev', class: 'fs.real', type: 'uint32', format: 'hex', tier: 2, doc: 'Device number of the file behind fs.real.path.'},
  {name: 'fs.real.ino', class: 'fs.real', type: 'uint64', tier: 2, doc: 'Inode number of the file behind fs.real.path.'},
  {name: 'fs.real.mount', class: 'fs.real', type: 'int64', tier: 2, doc: 'Id of the mount that the file was reached through.'},
  {name: 'proc.exefile', class: 'process', type: 'string', tier: 2, doc: 'File name of the executable. Unlike proc.name it cannot be changed by the process (prctl, thread names, argv).'},
  {name: 'proc.pexefile', class: 'process', type: 'string', tier: 2, doc: 'proc.exefile of the parent process.'},
  {name: 'proc.aexefile', class: 'process', type: 'string', arg: {mode: 'optional', kinds: ['index'], syntax: '[N] ancestor level, 0 = self'}, noRhs: true, noTransformer: true, tier: 2, doc: 'proc.exefile of an ancestor; [N] levels up, 0 the process itself. Without argument in a condition: any ancestor.'},
  {name: 'proc.exe_dev', class: 'process', type: 'uint32', format: 'hex', tier: 2, doc: 'Device number of the executable: with proc.exe_ino its identity.'},
  {name: 'evt.cut', class: 'evt', type: 'string', list: true, tier: 2, doc: 'Names of the parameters that were longer than what was kept. Absent when none was.'},
  {name: 'evt.copied', class: 'evt', type: 'string', tier: 2, doc: 'When the path or address of the call was copied: "entry" (before the kernel read it), "exit" (after the call), or "changed" when both copies exist and differ; the value is then the one from before.'},
]
