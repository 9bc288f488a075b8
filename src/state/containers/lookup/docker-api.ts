/**
 * Docker's and Podman's HTTP interface on their Unix sockets. Paths carry no version: the server then answers in its own, while
 * a fixed old one (v1.24) is refused by Docker Engine 29 and later.
 */
import {textOf} from '../../../schema/bytes.ts'
import {textAt} from '../json-value.ts'
import {fromDockerInspect, ipOf, networkOwner} from './docker-inspect.ts'
import {getJson} from './http-json.ts'
import type {ContainerSource, LabelLimit, SourceAnswer} from './source.ts'

/** A server that speaks Docker's interface. */
export function dockerSource(
  socketPath: string,
  runtime: 'docker' | 'podman',
  limit: LabelLimit,
): ContainerSource {
  return {
    name: `${runtime} ${socketPath}`,
    ask: async ({fullId}, timeoutMs): Promise<SourceAnswer> => {
      const endMs = performance.now() + timeoutMs
      const get = (path: string): ReturnType<typeof getJson> =>
        getJson(socketPath, path, endMs - performance.now())
      const inspect = (id: string): ReturnType<typeof getJson> =>
        get(`/containers/${encodeURIComponent(id)}/json`)
      const answer = await inspect(fullId)
      if (answer === undefined) return 'unreachable'
      if (answer.status === 404) return 'unknown'
      // An answer about another container is no answer.
      if (answer.status !== 200 || textAt(answer.body, 'Id') !== fullId) return 'unreachable'
      const owner = networkOwner(answer.body)
      const [image, shared] = await Promise.all([
        get(`/images/${encodeURIComponent(textOf(textAt(answer.body, 'Image')))}/json`),
        owner === undefined ? undefined : inspect(textOf(owner)),
      ])
      const known = image?.status === 200 ? image.body : undefined
      const info = fromDockerInspect(answer.body, known, runtime, limit)
      return shared?.status === 200 ? {...info, ip: ipOf(shared.body)} : info
    },
  }
}
