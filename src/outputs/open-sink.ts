import type {Alert} from '../schema/alert.ts'
import type {FormatName, OutputConfig} from '../schema/config/output-config.ts'
import {type AlertFormat, alertFormat, type FormatOptions} from './formats/alert-format.ts'
import type {Sink} from './sink.ts'
import {alertmanagerSink} from './sinks/alertmanager.ts'
import {elasticsearchSink} from './sinks/elasticsearch.ts'
import {fileSink} from './sinks/file.ts'
import {lokiSink} from './sinks/loki.ts'
import {otlpSink} from './sinks/otlp.ts'
import {pagerdutySink} from './sinks/pagerduty.ts'
import {programSink} from './sinks/program.ts'
import {redisSink} from './sinks/redis.ts'
import {slackSink} from './sinks/slack.ts'
import {splunkSink} from './sinks/splunk.ts'
import {syslogSink} from './sinks/syslog.ts'
import {teamsSink} from './sinks/teams.ts'
import {webhookSink} from './sinks/webhook.ts'

/** What a run gives its outputs. */
export interface SinkTools extends FormatOptions {
  /** How lines look where the output does not say. */
  readonly line: (alert: Alert) => string
  /** Opens standard output; without a format it is for those who sit before it. */
  readonly openStdout: (format: AlertFormat | undefined) => Sink
}

/** Everything that Falco's own JSON has: what falcosidekick asks for. */
const WHOLE = {
  includeOutput: true,
  includeOutputFields: true,
  includeTags: true,
  includeMessage: false,
} as const

/**
 * Opens one output of the configuration. Nothing is sent yet.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function openSink(config: OutputConfig, tools: SinkTools): Sink {
  const format = (name: FormatName): AlertFormat => alertFormat(name, tools)
  const lines = (name: FormatName | undefined): ((alert: Alert) => string) =>
    name === undefined ? tools.line : format(name).render
  switch (config.type) {
    case 'stdout':
      return {
        ...tools.openStdout(config.format === undefined ? undefined : format(config.format)),
        name: config.name,
      }
    case 'file':
      return fileSink({...config, path: config.filename, format: lines(config.format)})
    case 'program':
      return programSink(config, lines(config.format))
    case 'syslog':
      return syslogSink(config, format(config.format))
    case 'webhook': {
      const {render, contentType} = format(config.format)
      return webhookSink({...config, format: render, contentType})
    }
    case 'falco': {
      const {render} = alertFormat('falco', {...tools, json: WHOLE})
      return webhookSink({...config, format: render})
    }
    case 'slack':
      return slackSink(config)
    case 'teams':
      return teamsSink(config)
    case 'alertmanager':
      return alertmanagerSink(config)
    case 'pagerduty':
      return pagerdutySink(config)
    case 'elasticsearch':
      return elasticsearchSink(config, format(config.format))
    case 'loki':
      return lokiSink(config, format(config.format))
    case 'splunk':
      return splunkSink(config, format(config.format))
    case 'otlp':
      return otlpSink(config, {version: tools.version})
    case 'redis':
      return redisSink(config, format(config.format))
  }
}
