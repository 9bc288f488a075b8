import {openMemoryQueue} from '../../src/outputs/memory-queue.ts'
import {describeQueue} from './queue-contract.ts'

describeQueue('openMemoryQueue', async (sinks, {policy, ...settings}) =>
  openMemoryQueue(sinks, {...settings, policyOf: () => policy}),
)
