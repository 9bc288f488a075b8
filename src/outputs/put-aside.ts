import {rename} from 'node:fs/promises'

/** Renames `path` to `path.1`, what had that name to `path.2`, and so on; what would be `path.(keep + 1)` goes. */
export async function putAside(path: string, keep: number): Promise<void> {
  for (let number = keep - 1; number >= 1; number--) {
    await renameIfThere(`${path}.${number}`, `${path}.${number + 1}`)
  }
  await renameIfThere(path, `${path}.1`)
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
