/** What is asked of a queue over the control socket, and answered by its owner or by who opens its store. */
import type {AlertQueue, QueueSelection, QueueView} from '../../outputs/queue.ts'

/** What can be done with a queue. */
export const QUEUE_ACTIONS = ['status', 'retry', 'drain', 'purge'] as const

/** One of {@link QUEUE_ACTIONS}, and which alerts it is about. */
export interface QueueRequest {
  readonly action: (typeof QUEUE_ACTIONS)[number]
  readonly selection: QueueSelection
  /** How long `drain` waits, in milliseconds. */
  readonly withinMs: number
}

/** What came of it, and what the queue holds then. */
export interface QueueAnswer {
  readonly retried?: number
  readonly purged?: {readonly waiting: number; readonly dead: number}
  /** Whether everything was delivered in time. */
  readonly drained?: boolean
  readonly view: QueueView
}

/** Longest text of a filter. */
const MAX_TEXT = 4096
const MAX_WAIT_MS = 600_000

/** Does what is asked. */
export async function answerQueueRequest(
  queue: Pick<AlertQueue, 'look' | 'retry' | 'purge' | 'drain'>,
  {action, selection, withinMs}: QueueRequest,
): Promise<QueueAnswer> {
  if (action === 'retry') {
    const retried = await queue.retry(selection)
    return {retried, view: await queue.look({})}
  }
  if (action === 'purge') {
    const purged = await queue.purge(selection)
    return {purged, view: await queue.look({})}
  }
  if (action === 'drain') {
    const drained = await queue.drain(withinMs)
    return {drained, view: await queue.look({})}
  }
  return {view: await queue.look(selection)}
}

/** Answers what is asked over the control socket. */
export function answerQueueOf(
  queue: Parameters<typeof answerQueueRequest>[0],
): (args: unknown) => Promise<QueueAnswer> {
  return async args => {
    const request = parseQueueRequest(args)
    if (request === undefined) throw new Error('not a request to the queue')
    return answerQueueRequest(queue, request)
  }
}

/** Understands what came over the socket; undefined when it is no such request. */
export function parseQueueRequest(value: unknown): QueueRequest | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const {action, selection, withinMs} = value as Record<string, unknown>
  const known = QUEUE_ACTIONS.find(name => name === action)
  const chosen = parseSelection(selection)
  if (known === undefined || chosen === undefined) return undefined
  if (typeof withinMs !== 'number' || !(withinMs >= 0 && withinMs <= MAX_WAIT_MS)) return undefined
  return {action: known, selection: chosen, withinMs}
}

function parseSelection(value: unknown): QueueSelection | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const {sink, rule, dead, olderMs} = value as Record<string, unknown>
  const isText = (text: unknown): text is string | undefined =>
    text === undefined || (typeof text === 'string' && text.length <= MAX_TEXT)
  if (!isText(sink) || !isText(rule)) return undefined
  if (dead !== undefined && typeof dead !== 'boolean') return undefined
  if (olderMs !== undefined && !(typeof olderMs === 'number' && olderMs >= 0)) return undefined
  return {
    ...(sink === undefined ? {} : {sink}),
    ...(rule === undefined ? {} : {rule}),
    ...(dead === undefined ? {} : {dead}),
    ...(olderMs === undefined ? {} : {olderMs}),
  }
}
