import type {ByteString} from '../../schema/bytes.ts'
import {NO_LOGIN_UID} from '../../state/process.ts'
import type {User} from '../../state/users.ts'
import {type FieldEnvironment, type FieldSource, plain} from './field-source.ts'

/** What names of unknown accounts print as: a value of its own, not an absent one. */
const UNKNOWN: ByteString = '<NA>'
const ROOT: User = {name: 'root', home: '/root', shell: UNKNOWN}

/** Fields of the user and group that act, and of the one who logged in. */
export const USER_FIELDS: FieldSource = {
  'user.uid': plain(({event}) => event.uid),
  'user.name':
    (_field, environment) =>
    ({event}) =>
      account(environment, event.uid).name,
  'user.homedir':
    (_field, environment) =>
    ({event}) =>
      account(environment, event.uid).home,
  'user.shell':
    (_field, environment) =>
    ({event}) =>
      account(environment, event.uid).shell,
  'user.loginuid': plain(({process}) =>
    process.loginUid === NO_LOGIN_UID ? -1 : process.loginUid,
  ),
  'user.loginname':
    (_field, environment) =>
    ({process}) =>
      account(environment, process.loginUid).name,
  'group.gid': plain(({event}) => event.gid),
  'group.name':
    (_field, {users}) =>
    ({event}) =>
      users.groupName(event.gid) ?? (event.gid === 0 ? 'root' : UNKNOWN),
}

function account({users}: FieldEnvironment, uid: number): User {
  return users.user(uid) ?? (uid === 0 ? ROOT : {name: UNKNOWN, home: UNKNOWN, shell: UNKNOWN})
}
