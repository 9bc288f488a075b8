import {HELPER_PROTOTYPES} from '../../bpf/helper-prototypes.ts'
import {HELPERS, type HelperName, helperSince} from '../../bpf/helpers.ts'
import type {CliIo} from '../io.ts'
import {paint} from '../render.ts'

/** Prints the helper functions that programs may call: number, name, what they take and give, first Linux version. */
export function listHelpers(
  args: {readonly json: boolean; readonly color: boolean},
  io: Pick<CliIo, 'stdout'>,
): void {
  const helpers = (Object.keys(HELPERS) as HelperName[]).map(name => ({
    id: HELPERS[name],
    name: `bpf_${name}`,
    prototype: HELPER_PROTOTYPES[name].replace('(', `bpf_${name}(`),
    since: helperSince(HELPERS[name]) ?? null,
  }))
  if (args.json) {
    io.stdout(`${JSON.stringify(helpers)}\n`)
    return
  }
  const rows = helpers.map(({id, name, prototype, since}) => {
    const shown = prototype.replace(name, paint('bold', name, args.color))
    return `${String(id).padStart(3)}  ${String(since).padEnd(4)}  ${shown}\n`
  })
  io.stdout(rows.join(''))
}
