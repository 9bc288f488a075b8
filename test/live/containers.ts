import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, rmdirSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import {dirname} from 'node:path'
import {eventually} from '../support/eventually.ts'
import type {Container} from './row.ts'

/** Hierarchies whose groups the kernel side reads, by version and set-up of the host. */
const ROOTS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/unified', '/sys/fs/cgroup']

/** Containers that a runtime seems to have, each with its control group. */
export interface TestContainers {
  /** Makes the control group of a container and lets the runtime know of it; gives the group's folder. */
  add(name: string, container: Container): string
  /** Removes all groups when their processes are gone, and ends the runtime. */
  close(): Promise<void>
}

/** Makes control groups and answers for them as Docker's server does. */
export async function openContainers(socketPath: string): Promise<TestContainers> {
  const root = ROOTS.find(one => existsSync(`${one}/cgroup.procs`))
  if (root === undefined) throw new Error('no control groups are mounted')
  const top = `${root}/detector.rows.${process.pid}`
  const containers = new Map<string, Container>()
  const server = await serve(socketPath, containers)
  return {
    add(name, container) {
      const id = createHash('sha256').update(name).digest('hex')
      containers.set(id, container)
      const folder = `${top}/docker/${id}`
      mkdirSync(folder, {recursive: true})
      return folder
    },
    async close() {
      server.closeAllConnections()
      server.close()
      for (const id of containers.keys()) await removed(`${top}/docker/${id}`)
      await removed(`${top}/docker`)
      await removed(top)
    },
  }
}

/** A group can be removed when its last process is gone, which its parent may learn before. */
async function removed(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  await eventually(
    () => {
      rmdirSync(folder)
      return true
    },
    {what: `${folder} to be empty`},
  )
}

async function serve(
  socketPath: string,
  containers: ReadonlyMap<string, Container>,
): Promise<Server> {
  const server = createServer((request, response) => {
    const id = /^\/containers\/(\w+)\/json$/.exec(request.url ?? '')?.[1] ?? ''
    const container = containers.get(id)
    response.writeHead(container === undefined ? 404 : 200, {'content-type': 'application/json'})
    response.end(JSON.stringify(container === undefined ? {} : inspect(id, container)))
  })
  mkdirSync(dirname(socketPath), {recursive: true})
  await new Promise<void>(resolve => server.listen(socketPath, resolve))
  return server
}

function inspect(
  id: string,
  {privileged = false, mounts = [], namespace, image = 'example/app'}: Container,
): unknown {
  const labels =
    namespace === undefined
      ? {}
      : {'io.kubernetes.pod.namespace': namespace, 'io.kubernetes.pod.name': 'pod'}
  return {
    Id: id,
    Name: '/test',
    Image: `sha256:${id}`,
    Created: new Date().toISOString(),
    Config: {Image: image, Labels: labels},
    HostConfig: {Privileged: privileged},
    Mounts: mounts.map(path => ({
      Source: path,
      Destination: `/mnt${path}`,
      Mode: '',
      RW: true,
      Propagation: 'rprivate',
    })),
  }
}
