import type {ByteString} from '../schema/bytes.ts'

/** An address of 4 or 16 bytes, and a name that stands for it. */
export type AddressName = readonly [address: ByteString, name: ByteString]

/** The domain names that rules ask for, by the addresses that they stand for now. */
export class DomainNames {
  #names = new Map<ByteString, ByteString>()

  /** Replaces everything that is known. Of several names for one address the first in the order of bytes counts. */
  set(entries: readonly AddressName[]): void {
    const names = new Map<ByteString, ByteString>()
    for (const [address, name] of entries) {
      const known = names.get(address)
      if (known === undefined || name < known) names.set(address, name)
    }
    this.#names = names
  }

  nameOf(address: ByteString): ByteString | undefined {
    return this.#names.get(address)
  }
}
