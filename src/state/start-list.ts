import {FD, type FdInfo, identityByNode, isInternet, newFd} from './fd.ts'
import type {ListedFd} from './metadata.ts'
import {endsText, endText, swapped} from './socket-text.ts'
import type {StartThread} from './start/start-sink.ts'
import {fromList, type Thread} from './thread.ts'
import type {ThreadTable} from './thread-table.ts'

/** Descriptors of lists that are kept over all threads. */
const MAX_LISTED_FDS = 4_194_304

/**
 * Takes what was there before the first event: threads and descriptors, in any order. {@link StartList.settle} then works
 * out what needs the whole list.
 */
export class StartList {
  readonly #table: ThreadTable
  readonly #serverPorts = new Set<number>()
  #sockets: FdInfo[] = []
  #threads: Thread[] = []
  #fds = 0

  constructor(table: ThreadTable) {
    this.#table = table
  }

  thread(listed: StartThread): Thread {
    const thread = fromList(listed)
    this.#table.add(thread)
    this.#threads.push(thread)
    return thread
  }

  fd(thread: Thread, listed: ListedFd): void {
    if (this.#fds >= MAX_LISTED_FDS) return
    this.#fds++
    thread.fds.set(listed.fd, this.info(listed))
  }

  /** The descriptor of an entry; a socket's role is known once {@link StartList.settle} has run. */
  info({type, name, openFlags, device, inode, protocol, ends, listens, unix}: ListedFd): FdInfo {
    const identity = identityByNode({inode})
    const parts = {name, openFlags, device, inode, protocol, ends, listens, unix, identity}
    const info = newFd(type, parts)
    if (listens !== undefined) {
      info.name = endText(listens.address, listens.port)
      info.role = 'server'
      this.#serverPorts.add(listens.port)
    }
    if (type === FD.unix) info.role = name === '' ? 'client' : 'server'
    if (isInternet(info)) this.#sockets.push(info)
    return info
  }

  /** Gives the sockets their roles and the children their parents. */
  settle(): void {
    if (this.#sockets.length > 0) this.#giveRoles()
    if (this.#threads.length > 0) this.#linkParents()
  }

  /** Which end of a listed socket is the client: the local one, unless its port is listened on. */
  #giveRoles(): void {
    for (const socket of this.#sockets) {
      const {ends} = socket
      if (ends === undefined) continue
      const isServer = this.#serverPorts.has(ends.sourcePort)
      socket.role = isServer ? 'server' : 'client'
      socket.ends = isServer ? swapped(ends) : ends
      socket.name = endsText(socket.ends)
    }
    this.#sockets = []
  }

  /** Children may stand before their parents in the list. */
  #linkParents(): void {
    for (const thread of this.#threads) this.#table.parent(thread)?.children.add(thread)
    this.#threads = []
  }
}
