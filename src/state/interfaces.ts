import type {ByteString} from '../schema/bytes.ts'
import type {ListedInterface, SocketEnds} from './metadata.ts'

const LOOPBACK_NETWORK = 127
const V4_ZERO = '\0\0\0\0'

/** The addresses of the machine that a capture was taken on. */
export class Interfaces {
  readonly #list: ListedInterface[] = []

  add(entry: ListedInterface): void {
    this.#list.push(entry)
  }

  /** Whether an address is one of the machine's. */
  isLocal(address: ByteString): boolean {
    if (address.length === 4 && address.charCodeAt(0) === LOOPBACK_NETWORK) return true
    return this.#list.some(entry => entry.address === address)
  }

  /** Replaces an IPv4 wildcard at one end by the machine's address towards the other end. */
  completed(ends: SocketEnds): SocketEnds {
    if (ends.sourceAddress === V4_ZERO)
      return {...ends, sourceAddress: this.#towards(ends.targetAddress)}
    if (ends.targetAddress === V4_ZERO)
      return {...ends, targetAddress: this.#towards(ends.sourceAddress)}
    return ends
  }

  #towards(other: ByteString): ByteString {
    const list = this.#list.filter(({address}) => address.length === 4)
    const same = list.find(({address}) => address === other)
    const near = same ?? list.find(entry => inNetwork(other, entry))
    const any = near ?? list.find(({address}) => address.charCodeAt(0) !== LOOPBACK_NETWORK)
    return any?.address ?? V4_ZERO
  }
}

function inNetwork(address: ByteString, entry: ListedInterface): boolean {
  if (address.length !== 4) return false
  for (let i = 0; i < 4; i++) {
    const mask = entry.netmask.charCodeAt(i)
    if ((address.charCodeAt(i) & mask) !== (entry.address.charCodeAt(i) & mask)) return false
  }
  return true
}
