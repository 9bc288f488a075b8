import type {ByteString} from '../schema/bytes.ts'
import type {ListedGroup, ListedUser} from './metadata.ts'

/** One account of the host. */
export type Account = Omit<ListedUser, 'uid'>

/** Who the numbers of users and groups are. */
export interface Accounts {
  user(uid: number): Account | undefined
  groupName(gid: number): ByteString | undefined
}

/** Accounts and groups that are kept of a capture. */
const MAX_ACCOUNTS = 1_048_576

/** The accounts that a capture tells of: in the list at its beginning, and in events. */
export class ListedAccounts implements Accounts {
  readonly #users = new Map<number, Account>()
  readonly #groups = new Map<number, ByteString>()

  user(uid: number): Account | undefined {
    return this.#users.get(uid)
  }

  groupName(gid: number): ByteString | undefined {
    return this.#groups.get(gid)
  }

  addUser({uid, ...account}: ListedUser): void {
    if (this.#users.size < MAX_ACCOUNTS) this.#users.set(uid, account)
  }

  removeUser(uid: number): void {
    this.#users.delete(uid)
  }

  addGroup({gid, name}: ListedGroup): void {
    if (this.#groups.size < MAX_ACCOUNTS) this.#groups.set(gid, name)
  }

  removeGroup(gid: number): void {
    this.#groups.delete(gid)
  }
}
