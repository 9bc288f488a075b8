import {Resolver} from 'node:dns/promises'
import type {CheckedCondition} from '../compiler/checked.ts'
import {type ByteString, bytesOf, textOf} from '../schema/bytes.ts'
import type {AddressName} from '../state/domain-names.ts'
import {addressBytes} from '../state/start/host-lists.ts'

/** Names that are resolved at most; more are left out. */
const MAX_NAMES = 4096
/** Questions under way at once. */
const MAX_RUNNING = 8
/** Names are resolved again after this time. */
const REFRESH_MS = 60_000
const TIMEOUT_MS = 2000
/** A host name of DNS, which is what these fields hold; patterns and other text are never asked for. */
const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)+$/i

/** The domain names that a condition compares with the names of addresses (`fd.sip.name` and its kin). */
export function domainNamesIn(condition: CheckedCondition): ByteString[] {
  const names = new Set<ByteString>()
  const seen = new Set<CheckedCondition>()
  const visit = (node: CheckedCondition): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'not') return visit(node.child)
    if (node.kind !== 'test') return node.children.forEach(visit)
    if (node.left.kind !== 'field' || !node.left.field.def.name.endsWith('ip.name')) return
    for (const constant of node.constants)
      if (typeof constant === 'string' && NAME.test(constant)) names.add(constant)
  }
  visit(condition)
  return [...names]
}

/** Resolves the names that rules ask for, again and again. */
export interface DomainLookup {
  /** What was found last. */
  readonly known: readonly AddressName[]
  /** These are the names from now on. */
  follow(names: readonly ByteString[]): void
  close(): void
}

/** How names are resolved; tests pass in their own. */
export interface NameServer {
  /** Addresses as text. Rejects when there are none. */
  readonly resolve4: (name: string) => Promise<string[]>
  readonly resolve6: (name: string) => Promise<string[]>
}

/**
 * Makes a lookup. `onAddresses` gets everything that is known, each time after all names were asked for; names that cannot be
 * resolved are left out.
 */
export function createDomainLookup(
  onAddresses: (entries: readonly AddressName[]) => void,
  server: NameServer = new Resolver({timeout: TIMEOUT_MS, tries: 2}),
): DomainLookup {
  let names: readonly ByteString[] = []
  let timer: NodeJS.Timeout | undefined
  let round = 0
  let known: readonly AddressName[] = []
  const refresh = async (): Promise<void> => {
    const mine = ++round
    const entries = await resolveAll(names, server)
    if (mine !== round) return
    known = entries
    onAddresses(entries)
    timer = setTimeout(() => void refresh(), REFRESH_MS)
    timer.unref()
  }
  return {
    get known() {
      return known
    },
    follow(wanted) {
      clearTimeout(timer)
      round++
      const had = names.length > 0
      names = wanted.slice(0, MAX_NAMES)
      if (names.length > 0) void refresh()
      else if (had) {
        known = []
        onAddresses(known)
      }
    },
    close() {
      round++
      clearTimeout(timer)
    },
  }
}

async function resolveAll(
  names: readonly ByteString[],
  server: NameServer,
): Promise<AddressName[]> {
  const entries: AddressName[] = []
  const waiting = [...names]
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      for (const resolve of [server.resolve4, server.resolve6]) {
        // A name without addresses of a family is no error: it is just not one of these.
        const texts = await resolve.call(server, textOf(name)).catch(() => [])
        for (const text of texts) {
          const address = addressBytes(text)
          if (address !== undefined) entries.push([address, bytesOf(textOf(name))])
        }
      }
    }
  }
  await Promise.all(Array.from({length: MAX_RUNNING}, work))
  return entries
}
