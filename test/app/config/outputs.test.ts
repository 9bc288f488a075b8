import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {parseConfig} from '../../../src/app/config.ts'
import {openSink} from '../../../src/outputs/open-sink.ts'
import type {Config} from '../../../src/schema/config/config.ts'
import {OUTPUT_SCHEMAS} from '../../../src/schema/config/output-schema.ts'

function good(text: string, overrides: readonly string[] = [], env = {}): Config {
  const result = parseConfig(text, overrides, env)
  assert.ok('config' in result, JSON.stringify(result))
  return result.config
}

function problems(text: string, env = {}) {
  const result = parseConfig(text, [], env)
  assert.ok('problems' in result, 'the text is valid')
  return result.problems
}

/** The least that each type needs. */
const LEAST: Readonly<Record<string, string>> = {
  stdout: '{type: stdout}',
  file: '{type: file, filename: /tmp/x}',
  program: '{type: program, command: [cat]}',
  syslog: '{type: syslog, transport: udp, address: 127.0.0.1}',
  webhook: '{type: webhook, url: "https://h/"}',
  falco: '{type: falco, url: "http://h:2801"}',
  slack: '{type: slack, url: "https://hooks.slack.com/services/x"}',
  teams: '{type: teams, url: "https://h/"}',
  alertmanager: '{type: alertmanager, url: "http://h:9093"}',
  pagerduty: '{type: pagerduty, routing_key: k}',
  elasticsearch: '{type: elasticsearch, url: "https://h:9200"}',
  loki: '{type: loki, url: "http://h:3100"}',
  splunk: '{type: splunk, url: "https://h:8088", token: t}',
  otlp: '{type: otlp, url: "http://h:4318"}',
  redis: '{type: redis, url: "redis://h"}',
}

describe('the list of outputs', () => {
  it('knows every type', () => {
    assert.deepEqual(Object.keys(LEAST).sort(), Object.keys(OUTPUT_SCHEMAS).sort())
  })

  for (const [type, entry] of Object.entries(LEAST)) {
    it(`opens ${type} with its defaults`, async () => {
      const {sinks} = good(`outputs:\n  - ${entry}\n`)
      assert.deepEqual([sinks[0]?.type, sinks[0]?.name], [type, type])
      const sink = openSink(sinks[0]!, {
        isoTime: true,
        json: {
          includeOutput: true,
          includeOutputFields: true,
          includeTags: true,
          includeMessage: true,
        },
        version: '1',
        line: () => '',
        openStdout: () => ({name: 'x', deliver: async () => {}, close: async () => {}}),
      })
      assert.equal(sink.name, type)
      await sink.close()
    })
  }

  it('reads keys of every depth, and leaves names of headers and labels alone', () => {
    const {sinks, outputs} = good(`
outputs:
  - type: webhook
    name: mine
    url: https://h/
    method: PUT
    format: ecs
    headers: {X_under_score: a}
    timeout_ms: 5
    signature: {secret: s, style: github}
    tls: {ca_file: /ca, cert_file: /c, key_file: /k, server_name: n}
  - {type: loki, url: "http://h", labels: {my_label: x}}
`)
    assert.deepEqual(sinks[0], {
      type: 'webhook',
      name: 'mine',
      url: 'https://h/',
      method: 'PUT',
      format: 'ecs',
      headers: {X_under_score: 'a'},
      timeoutMs: 5,
      signature: {secret: 's', style: 'github'},
      tls: {caFile: '/ca', certFile: '/c', keyFile: '/k', serverName: 'n'},
    })
    assert.deepEqual((sinks[1] as {labels: object}).labels, {my_label: 'x'})
    assert.equal(outputs.stdout.enabled, false)
  })

  it('gives each output a name of its own', () => {
    const {sinks} = good(`
outputs:
  - {type: file, filename: a}
  - {type: file, filename: b}
  - {type: stdout, name: file-2}
  - {type: file, filename: c}
`)
    assert.deepEqual(
      sinks.map(({name}) => name),
      ['file', 'file-3', 'file-2', 'file-4'],
    )
  })

  it('knows the ports of syslog', () => {
    const ports = ['udp', 'tcp', 'tls'].map(transport => {
      const text = `outputs: [{type: syslog, transport: ${transport}, address: h}]`
      return (good(text).sinks[0] as {port: number}).port
    })
    assert.deepEqual(ports, [514, 601, 6514])
  })

  it('takes overrides into the list', () => {
    const overrides = ['outputs[0].url=http://other']
    const {sinks} = good('outputs:\n  - {type: falco, url: "http://h"}\n', overrides)
    assert.equal((sinks[0] as {url: string}).url, 'http://other')
  })

  const mistakes: {name: string; text: string; message: RegExp; at: [number, number]}[] = [
    {
      name: 'no type',
      text: 'outputs:\n  - {url: x}\n',
      message: /outputs\[0\] needs the key type/,
      at: [2, 5],
    },
    {
      name: 'an unknown type',
      text: 'outputs:\n  - type: slak\n',
      message: /outputs\[0\]\.type must be one of/,
      at: [2, 11],
    },
    {
      name: 'a key that the type needs',
      text: 'outputs:\n  - type: stdout\n  - type: slack\n',
      message: /outputs\[1\] needs the key url/,
      at: [3, 5],
    },
    {
      name: 'a key of another type',
      text: 'outputs:\n  - type: slack\n    url: https://h\n    routing_key: s3cret\n',
      message: /unknown key outputs\[0\]\.routing_key/,
      at: [4, 5],
    },
    {
      name: 'a wrong format',
      text: 'outputs:\n  - type: webhook\n    url: https://h\n    format: xml\n',
      message: /outputs\[0\]\.format must be one of detector, falco, ecs, ocsf, cef, leef, text/,
      at: [4, 13],
    },
    {
      name: 'a wait of nothing',
      text: 'outputs:\n  - {type: otlp, url: x, timeout_ms: 0}\n',
      message: /outputs\[0\]\.timeout_ms must be >= 1/,
      at: [2, 38],
    },
    {
      name: 'an empty command',
      text: 'outputs:\n  - type: program\n    command: []\n',
      message: /outputs\[0\]\.command must not be empty/,
      at: [3, 14],
    },
    {
      name: 'a label that is no name',
      text: 'outputs:\n  - type: loki\n    url: http://h\n    labels: {a-b: c}\n',
      message: /outputs\[0\]\.labels must not have the key "a-b"/,
      at: [4, 13],
    },
    {
      name: 'a name twice',
      text: 'outputs:\n  - {type: stdout, name: a}\n  - {type: falco, url: x, name: a}\n',
      message: /outputs\[1\]\.name is the name of outputs\[0\] too/,
      at: [3, 33],
    },
    {
      name: 'stdout twice',
      text: 'outputs:\n  - type: stdout\n  - type: stdout\n',
      message: /outputs\[1\] is stdout a second time/,
      at: [3, 5],
    },
    {
      name: "Falco's names beside the list",
      text: 'outputs: []\nstdout_output: {enabled: true}\n',
      message: /stdout_output means the same as outputs/,
      at: [2, 16],
    },
    {
      name: 'a file of a secret that is not there',
      text: 'outputs:\n  - type: slack\n    url: file:/no/such/file\n',
      message: /outputs\[0\]\.url names a file that cannot be read: ENOENT/,
      at: [3, 10],
    },
    {
      name: 'a device as a file of a secret',
      text: 'outputs:\n  - {type: falco, url: x, headers: {a: "file:/dev/zero"}}\n',
      message: /outputs\[0\]\.headers\.a names a file that cannot be read: it is no regular file/,
      at: [2, 40],
    },
  ]
  for (const {name, text, message, at} of mistakes) {
    it(`points to ${name}`, () => {
      const found = problems(text)
      assert.equal(found.length, 1, JSON.stringify(found))
      assert.match(found[0]!.message, message)
      assert.deepEqual([found[0]?.place?.line, found[0]?.place?.column], at)
      assert.doesNotMatch(JSON.stringify(found), /s3cret/)
    })
  }

  describe('secrets in files', () => {
    let folder: string
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'secrets-'))
    })
    after(() => rmSync(folder, {recursive: true}))

    it('are read without the line end, in every key that is a secret', () => {
      const path = join(folder, 'secret')
      writeFileSync(path, 'https://s3cret/\n')
      const {sinks} = good(`
outputs:
  - {type: webhook, url: "file:${path}", headers: {authorization: "file:${path}"}}
  - {type: pagerduty, routing_key: "file:${path}"}
  - {type: file, filename: "file:${path}"}
`)
      const [webhook, pagerduty, file] = sinks as unknown as Record<string, unknown>[]
      assert.equal(webhook?.['url'], 'https://s3cret/')
      assert.deepEqual(webhook['headers'], {authorization: 'https://s3cret/'})
      assert.equal(pagerduty?.['routingKey'], 'https://s3cret/')
      assert.equal(file?.['filename'], `file:${path}`)
    })

    it('are refused when they are too large', () => {
      const path = join(folder, 'large')
      writeFileSync(path, Buffer.alloc(65 * 1024))
      const [problem] = problems(`outputs: [{type: slack, url: "file:${path}"}]`)
      assert.match(problem!.message, /larger than 64 KiB/)
    })
  })
})
