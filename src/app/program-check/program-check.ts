import {extname} from 'node:path'
import {Worker} from 'node:worker_threads'
import type {ProgramImage} from '../../bpf/program-image.ts'
import type {MapSpec} from '../../bpf/specs.ts'
import type {CheckAnswer, CheckSetup} from './protocol.ts'

/** A program that the kernel runs and our verifier refuses: one of the two is wrong. */
export interface Disagreement {
  readonly name: string
  readonly refusal: string
  /** File with both logs; undefined when there is none. */
  readonly file: string | undefined
}

/** Checks programs beside everything else. */
export interface ProgramCheck {
  /** Checks those whose content was not checked before. Returns at once. */
  readonly check: (programs: readonly ProgramImage[]) => void
  /** Resolves with the number of programs checked so far when nothing is left to check. */
  readonly settled: () => Promise<number>
  readonly stop: () => Promise<void>
}

/** Contents whose verdicts are remembered. */
const MAX_KNOWN = 10_000

/**
 * Verifies generated programs after the kernel took them, in a thread of the lowest priority: that takes longer than the kernel's
 * own verdict, so nothing waits for it. The thread lives only while there is something to check. Verdicts are kept by the hash of
 * the content.
 * @param maps the sensor's maps
 * @param report called for each program that our verifier refuses, and with the name `verifier` when the thread breaks
 */
export function startProgramCheck(
  maps: readonly MapSpec[],
  report: (disagreement: Disagreement) => void,
): ProgramCheck {
  const known = new Set<string>()
  const waiting: (() => void)[] = []
  let worker: Worker | undefined
  let open = 0
  let checked = 0
  const end = async (): Promise<void> => {
    const ending = worker
    worker = undefined
    open = 0
    for (const resolve of waiting.splice(0)) resolve()
    await ending?.terminate()
  }
  const startWorker = (): Worker => {
    const started = new Worker(
      new URL(`./check-worker${extname(import.meta.url)}`, import.meta.url),
      {workerData: {maps} satisfies CheckSetup, trackUnmanagedFds: false},
    )
    // The process may end before everything is checked.
    started.unref()
    started.on('message', ({name, refusal, file}: CheckAnswer) => {
      if (started !== worker) return
      open--
      checked++
      if (refusal !== undefined) report({name, refusal, file})
      if (open === 0) void end()
    })
    started.on('error', error => {
      if (started !== worker) return
      report({name: 'verifier', refusal: error.message, file: undefined})
      void end()
    })
    return started
  }
  return {
    check: programs => {
      for (const program of programs) {
        if (known.has(program.hash)) continue
        if (known.size >= MAX_KNOWN) known.clear()
        known.add(program.hash)
        worker ??= startWorker()
        open++
        worker.postMessage(program)
      }
    },
    settled: () =>
      new Promise(resolve => {
        const done = (): void => resolve(checked)
        if (open === 0) {
          done()
          return
        }
        worker?.ref()
        waiting.push(done)
      }),
    stop: end,
  }
}
