import type {Alert} from '../../schema/alert.ts'
import type {FormatName} from '../../schema/config/output-config.ts'
import {boundAlert} from './alert-values.ts'
import {formatCef} from './cef.ts'
import {formatDetectorJson} from './detector-json.ts'
import {formatEcs} from './ecs.ts'
import {formatJson, type JsonOptions} from './json.ts'
import {formatLeef} from './leef.ts'
import {formatOcsf} from './ocsf.ts'
import {formatText} from './text.ts'

/** How an output writes one alert: without a line end, on one line. */
export interface AlertFormat {
  readonly contentType: string
  readonly render: (alert: Alert) => string
}

/** What formats need to know. */
export interface FormatOptions {
  readonly isoTime: boolean
  /** Properties of Falco's JSON. */
  readonly json: Omit<JsonOptions, 'isoTime'>
  /** Version of the detector. */
  readonly version: string
}

/** The format of a name. Texts, lists and their sum are bounded: about 300 KiB before escapes. */
export function alertFormat(name: FormatName, options: FormatOptions): AlertFormat {
  const render = renderer(name, options)
  return {
    contentType: name === 'cef' || name === 'leef' || name === 'text' ? TEXT : JSON_TYPE,
    render: alert => render(boundAlert(alert)),
  }
}

const JSON_TYPE = 'application/json'
const TEXT = 'text/plain; charset=utf-8'

function renderer(name: FormatName, options: FormatOptions): AlertFormat['render'] {
  const {isoTime, json, version} = options
  switch (name) {
    case 'detector':
      return formatDetectorJson
    case 'falco':
      return alert => formatJson(alert, {...json, isoTime})
    case 'ecs':
      return formatEcs
    case 'ocsf':
      return alert => formatOcsf(alert, version)
    case 'cef':
      return alert => formatCef(alert, version)
    case 'leef':
      return alert => formatLeef(alert, version)
    case 'text':
      return alert => formatText(alert, {isoTime})
  }
}
