import {ALERT_SCHEMA} from '../../outputs/formats/detector-json.ts'
import {EDITOR_SCHEMAS} from '../../schema/editor-schemas.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'

/** Prints the JSON Schema of rule files, of the configuration, or of alerts in our own JSON. */
export function runSchema(args: {readonly topic: 'rules' | 'config' | 'alert'}, io: CliIo): number {
  const schemas = {...EDITOR_SCHEMAS, alert: ALERT_SCHEMA}
  io.stdout(`${JSON.stringify(schemas[args.topic], undefined, 2)}\n`)
  return EXIT.ok
}
