import type {ByteString} from '../../schema/bytes.ts'
import type {Event} from '../../schema/event.ts'
import type {ListedAccounts} from '../accounts.ts'
import {type EventHandler, intOf, numberOf, textParam} from './event-scope.ts'

/** Events that are no ends of calls, by name. */
export function otherHandlers(accounts: ListedAccounts): Readonly<Record<string, EventHandler>> {
  return {
    procexit: ({event, thread}) => {
      if (thread === undefined) return
      thread.dead = true
      thread.reaperTid = numberOf(event, 'reaper_tid') ?? -1
    },
    switch: takeSwitch,
    useradded: ({event}) => {
      if (isOfContainer(event)) return
      const text = (name: string): ByteString => textParam(event, name) ?? ''
      const uid = numberOf(event, 'uid') ?? 0
      accounts.addUser({uid, name: text('name'), home: text('home'), shell: text('shell')})
    },
    userdeleted: ({event}) => {
      if (!isOfContainer(event)) accounts.removeUser(numberOf(event, 'uid') ?? -1)
    },
    groupadded: ({event}) => {
      const gid = numberOf(event, 'gid') ?? 0
      if (!isOfContainer(event)) accounts.addGroup({gid, name: textParam(event, 'name') ?? ''})
    },
    groupdeleted: ({event}) => {
      if (!isOfContainer(event)) accounts.removeGroup(numberOf(event, 'gid') ?? -1)
    },
  }
}

/** Accounts of containers are no accounts of the host. */
function isOfContainer(event: Event): boolean {
  return (textParam(event, 'container_id') ?? '') !== ''
}

const takeSwitch: EventHandler = ({event, table, thread}) => {
  if (thread === undefined || event.get('vm_swap') === undefined) return
  thread.majorFaults = intOf(event, 'pgft_maj') ?? 0
  thread.minorFaults = intOf(event, 'pgft_min') ?? 0
  const main = table.main(thread)
  if (main === undefined) return
  main.vmSizeKb = numberOf(event, 'vm_size') ?? 0
  main.vmRssKb = numberOf(event, 'vm_rss') ?? 0
  main.vmSwapKb = numberOf(event, 'vm_swap') ?? 0
}
