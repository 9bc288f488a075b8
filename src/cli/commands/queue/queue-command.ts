import {QUEUE_ACTIONS} from '../../../app/queue/queue-request.ts'
import type {Command, OptionSpec} from '../../command.ts'

/** Options that other commands have too. */
export interface SharedOptions {
  readonly config: readonly OptionSpec[]
  readonly common: readonly OptionSpec[]
}

/** `detector queue`: what it takes. */
export function queueCommand({config, common}: SharedOptions): Command {
  return {
    name: 'queue',
    summary: 'Look at, retry, deliver or forget alerts that wait for outputs',
    usage: `queue ${QUEUE_ACTIONS.join('|')} [OPTIONS]`,
    details: [
      'Asks the running detector; when none runs, opens the queue itself. status shows what waits and what',
      'was given up for good (dead letters); retry puts dead letters back in line; drain delivers what',
      'waits; purge forgets what the filters take in, and needs one. Ends with 1 when status finds dead',
      'letters, or drain does not get everything delivered in time.',
    ],
    positionals: {name: QUEUE_ACTIONS.join('|'), choices: QUEUE_ACTIONS, min: 1, max: 1},
    options: [
      {name: 'sink', value: 'NAME', doc: 'only alerts for this output'},
      {name: 'rule', value: 'GLOB', doc: 'only alerts of rules whose name fits'},
      {name: 'dead', doc: 'only dead letters'},
      {
        name: 'older',
        value: 'SECONDS',
        check: 'seconds',
        doc: 'only alerts raised (dead letters: given up) at least this long ago',
      },
      {name: 'all', doc: 'purge: everything'},
      {
        name: 'within',
        value: 'SECONDS',
        check: 'seconds',
        doc: 'drain: how long to wait at most; 30 by default',
      },
      {
        name: 'socket',
        value: 'PATH',
        doc: 'control socket of the detector; default: control.socket of the configuration',
      },
      ...config,
      ...common,
    ],
    async run(parsed, io) {
      const {runQueue} = await import('./queue.ts')
      return runQueue(parsed, io)
    },
  }
}
