/** Asks the host's container runtimes what a container is. For the main thread: everything here is asynchronous. */
import type {ContainersConfig} from '../../../schema/config/config.ts'
import {type ContainerInfo, infoOfMatch} from '../container-info.ts'
import type {ContainerRequest} from '../container-table.ts'
import {criSource} from './cri-api.ts'
import {dockerSource} from './docker-api.ts'
import {machineSources} from './machine-files.ts'
import type {ContainerSource, SourceAnswer} from './source.ts'
import {fileSources} from './state-files.ts'

/** Lookups under way at once. */
const MAX_RUNNING = 8
/** Lookups that wait for a place; more are answered with nothing. */
const MAX_WAITING = 1024
/** First pause before a runtime that does not have the container yet is asked again; each further one is twice as long. */
const FIRST_PAUSE_MS = 20
/** A source that did not answer in time so often in a row is left alone for a while, so that it does not delay every container. */
const LATE_BEFORE_REST = 3
const REST_MS = 10_000
/** Timers may end so much before their time. */
const TIMER_MS = 2

/** What a lookup has done. */
export interface ContainerLookupCounts {
  asked: number
  found: number
  /** No runtime knew it, or none is there. */
  notFound: number
  /** The time was up before anything was found. */
  timeout: number
  /** Too many were asked for at once. */
  refused: number
}

/** Asks for containers. */
export interface ContainerLookup {
  readonly counts: Readonly<ContainerLookupCounts>
  /** What the container is; undefined when nobody knows in time. Never rejects. */
  lookup(request: ContainerRequest): Promise<ContainerInfo | undefined>
}

/** Makes a lookup over the sockets of the configuration and the runtimes' files below its `hostRoot`. */
export function createContainerLookup(config: ContainersConfig): ContainerLookup {
  const {hostRoot: root, sockets, labelMaxLength, timeoutMs} = config
  const limit = {labelMaxLength}
  const at = (path: string): string => `${root}${path}`
  const docker = sockets.docker.map(path => dockerSource(at(path), 'docker', limit))
  const podman = sockets.podman.map(path => dockerSource(at(path), 'podman', limit))
  const cri = sockets.cri.map(path => criSource(at(path), limit))
  const files = fileSources({root, labelMaxLength})
  const machines = machineSources({root, labelMaxLength})
  return lookupIn(request => {
    const {runtime, cgroup} = request
    if (runtime === 'lxc' || runtime === 'systemd-nspawn') return {servers: [], files: machines}
    if (infoOfMatch(request) !== undefined) return {servers: [], files: []}
    // A user's own Podman answers for that user's containers alone: others it could lie about.
    const user = /\/user-(\d{1,10})\.slice\//.exec(cgroup)?.[1]
    const own =
      user === undefined
        ? []
        : [dockerSource(at(`/run/user/${user}/podman/podman.sock`), 'podman', limit)]
    const order =
      runtime === 'podman'
        ? [...own, ...podman]
        : runtime === 'docker'
          ? [...docker, ...cri, ...podman]
          : [...cri, ...docker]
    return {servers: order, files}
  }, timeoutMs)
}

/** Sources for one container: those that know most, and those that stand in when none of these answers. */
export interface SourceOrder {
  readonly servers: readonly ContainerSource[]
  readonly files: readonly ContainerSource[]
}

/** A lookup over any sources. */
export function lookupIn(
  sourcesFor: (request: ContainerRequest) => SourceOrder,
  timeoutMs: number,
): ContainerLookup {
  const counts = {asked: 0, found: 0, notFound: 0, timeout: 0, refused: 0}
  const restUntilMs = new Map<string, number>()
  const lateInRow = new Map<string, number>()
  const waiting: (() => void)[] = []
  let running = 0

  const askOne = async (
    source: ContainerSource,
    request: ContainerRequest,
    endMs: number,
  ): Promise<SourceAnswer> => {
    const startMs = performance.now()
    const leftMs = endMs - startMs
    if (leftMs <= 0 || startMs < (restUntilMs.get(source.name) ?? 0)) return 'unreachable'
    const answer = await source.ask(request, leftMs)
    const nowMs = performance.now()
    const isLate = nowMs >= endMs - TIMER_MS
    if (answer !== 'unreachable' || !isLate) {
      lateInRow.delete(source.name)
      return answer
    }
    const late = (lateInRow.get(source.name) ?? 0) + 1
    lateInRow.set(source.name, late)
    if (late >= LATE_BEFORE_REST) restUntilMs.set(source.name, nowMs + REST_MS)
    return answer
  }

  /** The first answer in the order of the sources, all of which are asked at once. */
  const askAll = async (
    sources: readonly ContainerSource[],
    request: ContainerRequest,
    endMs: number,
  ): Promise<SourceAnswer> => {
    const asked = sources.map(source => askOne(source, request, endMs))
    let best: SourceAnswer = 'unreachable'
    for (const answer of asked) {
      const now = await answer
      if (typeof now === 'object') return now
      if (now === 'unknown') best = now
    }
    return best
  }

  const search = async (request: ContainerRequest): Promise<ContainerInfo | undefined> => {
    const {servers, files} = sourcesFor(request)
    const endMs = performance.now() + timeoutMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const filed = askAll(files, request, endMs)
      const told = await askAll(servers, request, endMs)
      const answer = typeof told === 'object' ? told : await filed
      if (typeof answer === 'object') return answer
      const isLate = performance.now() + pauseMs >= endMs
      if (isLate) counts.timeout++
      if (isLate || (told === 'unreachable' && answer === 'unreachable')) return undefined
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
  }

  const place = async (): Promise<boolean> => {
    if (running < MAX_RUNNING) {
      running++
      return true
    }
    if (waiting.length >= MAX_WAITING) return false
    await new Promise<void>(resolve => waiting.push(resolve))
    return true
  }

  return {
    counts,
    lookup: async request => {
      counts.asked++
      if (!(await place())) {
        counts.refused++
        return undefined
      }
      try {
        const info = (await search(request)) ?? infoOfMatch(request)
        if (info === undefined) counts.notFound++
        else counts.found++
        return info
      } finally {
        // The place goes on to the next in line.
        const next = waiting.shift()
        if (next === undefined) running--
        else next()
      }
    },
  }
}
