import type {FieldDef} from '../field-table.ts'

/** Fields of the classes group, user: one row a field. */
export const USER_FIELDS: readonly FieldDef[] = [
  {name: 'user.uid', class: 'user', type: 'uint32', format: 'id', tier: 1, doc: 'User id of the thread.'},
  {name: 'user.name', class: 'user', type: 'string', tier: 1, doc: 'Login name for that uid; root for 0 and <NA> when nothing is known.'},
  {name: 'user.homedir', class: 'user', type: 'string', tier: 2, doc: 'Home directory of that user.'},
  {name: 'user.shell', class: 'user', type: 'string', tier: 2, doc: 'Shell of that user.'},
  {name: 'user.loginuid', class: 'user', type: 'int64', format: 'id', tier: 1, doc: 'Audit login uid; -1 when unset (4294967295 in the kernel).'},
  {name: 'user.loginname', class: 'user', type: 'string', tier: 1, doc: 'Login name for the audit uid.'},
  {name: 'group.gid', class: 'group', type: 'uint32', format: 'id', tier: 1, doc: 'Group id of the thread.'},
  {name: 'group.name', class: 'group', type: 'string', tier: 1, doc: 'Name for that gid; root for 0 and <NA> when unknown.'},
]
