/** The thread that verifies generated programs beside everything else, with what time the others leave. */
import {setPriority} from 'node:os'
import {parentPort, workerData} from 'node:worker_threads'
import type {ProgramImage} from '../../bpf/program-image.ts'
import {readKernelBtf} from '../../sensor/kernel-btf.ts'
import {verify} from '../../verifier/verify.ts'
import {saveBothLogs} from './both-logs.ts'
import {generatedInput} from './check-program.ts'
import {kernelLogOf} from './kernel-log-of.ts'
import type {CheckAnswer, CheckSetup} from './protocol.ts'

const LOWEST_PRIORITY = 19

if (parentPort === null) throw new Error('the checking thread is no program of its own')
const port = parentPort
const {maps} = workerData as CheckSetup
// Of this thread alone: 0 is the caller, which on Linux is a thread.
setPriority(0, LOWEST_PRIORITY)
const btf = readKernelBtf()

port.on('message', (image: ProgramImage) => {
  const answer = (more: Pick<CheckAnswer, 'refusal' | 'file'>): void =>
    port.postMessage({hash: image.hash, name: image.name, ...more} satisfies CheckAnswer)
  try {
    const input = generatedInput(image, maps, btf)
    const {ok, problem} = verify(input)
    if (ok || problem === undefined) answer({})
    else
      answer({
        refusal: `instruction ${problem.at}: ${problem.message}`,
        file: saveBothLogs(image.name, input, kernelLogOf(image, maps, btf)),
      })
  } catch (error) {
    answer({refusal: error instanceof Error ? error.message : String(error)})
  }
})
