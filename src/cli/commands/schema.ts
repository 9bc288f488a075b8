import {EDITOR_SCHEMAS} from '../../schema/editor-schemas.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'

/** Prints the JSON Schema of rule files or of the configuration. */
export function runSchema(args: {readonly topic: 'rules' | 'config'}, io: CliIo): number {
  io.stdout(`${JSON.stringify(EDITOR_SCHEMAS[args.topic], undefined, 2)}\n`)
  return EXIT.ok
}
