import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import type {ContainerRuntime} from '../../../../src/state/containers/container-id.ts'
import type {ContainerRequest} from '../../../../src/state/containers/container-table.ts'

/** A full id for tests. */
export const ID = '3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e'
/** An image digest for tests. */
export const DIGEST = `sha256:${'b9'.repeat(32)}`

/** A question for a container. */
export function mkRequest(
  runtime: ContainerRuntime,
  fullId: string = ID,
  cgroup = `/x/${fullId}`,
): ContainerRequest {
  return {id: fullId.slice(0, 12), fullId, runtime, cgroup, pid: 1}
}

/** A folder of its own for files and sockets of one test. */
export interface TestFolder {
  readonly path: string
  /** Writes a file, folders included; JSON unless it is text. */
  write(path: string, content: unknown): void
  remove(): void
}

/** Makes a folder; the caller removes it. */
export function mkFolder(): TestFolder {
  const path = mkdtempSync(join(tmpdir(), 'containers-'))
  return {
    path,
    write: (name, content) => {
      const target = join(path, name)
      mkdirSync(dirname(target), {recursive: true})
      writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content))
    },
    remove: () => rmSync(path, {recursive: true, force: true}),
  }
}
