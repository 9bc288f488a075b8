import assert from 'node:assert/strict'
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {loadConfig, parseConfig} from '../../src/app/config.ts'
import {CodedError} from '../../src/diagnostics/error.ts'
import {type Config, DEFAULT_CONFIG} from '../../src/schema/config/config.ts'
import {DEFAULT_QUEUE} from '../../src/schema/config/queue-config.ts'

const good = (text: string, overrides: string[] = [], env: Record<string, string> = {}): Config => {
  const result = parseConfig(text, overrides, env)
  assert.ok('config' in result, JSON.stringify(result))
  return result.config
}

const bad = (text: string, overrides: string[] = [], env: Record<string, string> = {}) => {
  const result = parseConfig(text, overrides, env)
  assert.ok('problems' in result)
  return result.problems
}

describe('parseConfig', () => {
  for (const text of ['', '---\n', '# nothing\n', 'null\n', '{}\n']) {
    it(`gives the defaults for ${JSON.stringify(text)}`, () => {
      assert.deepEqual(good(text), DEFAULT_CONFIG)
    })
  }

  it('reads every key', () => {
    const config = good(`
rules: [/etc/a.yaml, {disable: {rule: 'x*', tag: t}}, b, {enable: {rule: xy}}]
priority: warning
rule_matching: all
json_output: true
time_format_iso_8601: true
json_include_output_property: false
json_include_output_fields_property: false
json_include_tags_property: false
json_include_message_property: true
append_output:
  - match: {source: syscall, tags: [a]}
    extra_output: x=%proc.name
    extra_fields: [proc.pid, {cmd: '%proc.cmdline'}]
    suggested_output: false
ring: {bulk_mib: 64}
entry_copies: true
kernel_filter: true
drops: {actions: [log], threshold: 0.5, rate: 2, max_burst: 3}
containers:
  enabled: false
  wait_ms: 0
  timeout_ms: 50
  label_max_len: 7
  host_root: /host
  sockets: {docker: [/d.sock], cri: []}
control: {socket: /run/x.sock}
metrics: {enabled: true, listen: '[::1]:99'}
probes:
  - {name: uring, object: /p.o, struct: request, optional: true}
  - {name: b, object: b.o, map: m}
outputs:
  stdout: {enabled: false}
  file: {enabled: true, filename: /var/log/x, keep_open: false}
  webhook: {enabled: true, url: 'https://h/', headers: {a: b}, timeout_ms: 5}
`)
    assert.deepEqual(config, {
      rules: ['/etc/a.yaml', 'b'],
      selection: [
        {op: 'disable', match: 'wildcard', pattern: 'x*'},
        {op: 'disable', match: 'tag', pattern: 't'},
        {op: 'enable', match: 'wildcard', pattern: 'xy'},
      ],
      priority: 'Warning',
      ruleMatching: 'all',
      jsonOutput: true,
      isoTime: true,
      json: {
        includeOutput: false,
        includeOutputFields: false,
        includeTags: false,
        includeMessage: true,
      },
      appendOutput: [
        {
          match: {source: 'syscall', tags: ['a']},
          extraOutput: 'x=%proc.name',
          extraFields: [
            {name: 'proc.pid', template: '%proc.pid', formatted: false},
            {name: 'cmd', template: '%proc.cmdline', formatted: true},
          ],
          suggestedOutput: false,
        },
      ],
      ring: {stateMib: 4, bulkMib: 64},
      entryCopies: true,
      kernelFilter: true,
      drops: {actions: ['log'], threshold: 0.5, rate: 2, maxBurst: 3},
      containers: {
        enabled: false,
        waitMs: 0,
        timeoutMs: 50,
        labelMaxLength: 7,
        hostRoot: '/host',
        sockets: {docker: ['/d.sock'], podman: ['/run/podman/podman.sock'], cri: []},
      },
      probes: [
        {name: 'uring', object: '/p.o', map: undefined, struct: 'request', optional: true},
        {name: 'b', object: 'b.o', map: 'm', struct: undefined, optional: false},
      ],
      control: {enabled: true, socket: '/run/x.sock'},
      queue: DEFAULT_QUEUE,
      http: {enabled: true, listen: '[::1]:99', metrics: true, healthPath: '/healthz'},
      outputs: {
        stdout: {enabled: false},
        file: {enabled: true, filename: '/var/log/x', keepOpen: false},
        webhook: {enabled: true, url: 'https://h/', headers: {a: 'b'}, timeoutMs: 5},
      },
      sinks: [],
    } satisfies Config)
  })

  it("reads Falco's names", () => {
    const config = good(`
rules_files: [/etc/falco/falco_rules.yaml]
stdout_output: {enabled: false}
file_output: {enabled: true, keep_alive: false, filename: ./events.txt}
http_output: {enabled: true, url: http://some.url, user_agent: falco}
webserver:
  {enabled: true, threadiness: 0, listen_port: 9, listen_address: '::', k8s_healthz_endpoint: /live}
`)
    assert.deepEqual(config.http, {
      enabled: true,
      listen: '[::]:9',
      metrics: false,
      healthPath: '/live',
    })
    assert.deepEqual(config.rules, ['/etc/falco/falco_rules.yaml'])
    assert.deepEqual(config.outputs, {
      stdout: {enabled: false},
      file: {enabled: true, filename: './events.txt', keepOpen: false},
      webhook: {
        enabled: true,
        url: 'http://some.url',
        headers: {'user-agent': 'falco'},
        timeoutMs: 10_000,
      },
    })
  })

  const mistakes: {
    name: string
    text: string
    message: RegExp
    hint?: RegExp
    at: [number, number]
  }[] = [
    {
      name: 'no place to listen at',
      text: 'metrics:\n  listen: 8765\n',
      message: /metrics\.listen must be text/,
      at: [2, 11],
    },
    {
      name: 'a place that is none',
      text: 'metrics: {listen: "localhost"}\n',
      message: /metrics\.listen is neither/,
      at: [1, 19],
    },
    {
      name: 'both names of metrics',
      text: 'metrics: {}\nwebserver: {}\n',
      message: /webserver means the same as metrics/,
      at: [2, 12],
    },
    {name: 'an unknown key', text: 'a: 1\n', message: /unknown key a$/, at: [1, 1]},
    {
      name: 'a misspelled key',
      text: 'priority: info\njson_ouput: true\n',
      message: /unknown key json_ouput/,
      hint: /did you mean json_output/,
      at: [2, 1],
    },
    {
      name: 'a misspelled key further in',
      text: 'outputs:\n  file:\n    filname: x\n',
      message: /unknown key outputs\.file\.filname/,
      hint: /filename/,
      at: [3, 5],
    },
    {
      name: 'a wrong type',
      text: 'json_output: 3\n',
      message: /json_output must be true or false/,
      at: [1, 14],
    },
    {
      name: 'a wrong word',
      text: 'rule_matching: alll\n',
      message: /rule_matching must be one of first, all/,
      hint: /did you mean all/,
      at: [1, 16],
    },
    {
      name: 'a wrong priority',
      text: 'priority: eror\n',
      message: /priority must be one of/,
      hint: /did you mean (E|e)rror/,
      at: [1, 11],
    },
    {
      name: 'a wrong entry of a sequence',
      text: 'rules:\n  - a\n  - 3\n',
      message: /rules\[1\] has none of the forms/,
      at: [3, 5],
    },
    {
      name: 'an unknown key in one of several forms',
      text: 'rules:\n  - enable: {rle: x}\n',
      message: /unknown key rules\[0\]\.enable\.rle/,
      hint: /rule/,
      at: [2, 14],
    },
    {
      name: 'a misspelled form',
      text: 'rules:\n  - enabel: {rule: x}\n',
      message: /unknown key rules\[0\]\.enabel/,
      hint: /enable/,
      at: [2, 5],
    },
    {
      name: 'two forms in one entry',
      text: 'rules:\n  - {enable: {rule: x}, disable: {rule: x}}\n',
      message: /rules\[0\] must have exactly one key/,
      at: [2, 5],
    },
    {
      name: 'an empty path',
      text: 'rules: [""]\n',
      message: /rules\[0\] must not be empty/,
      at: [1, 9],
    },
    {
      name: 'a size that is no power of two',
      text: 'ring: {bulk_mib: 3}\n',
      message: /ring\.bulk_mib must be one of 1, 2, 4/,
      at: [1, 18],
    },
    {
      name: 'a wait that is too long',
      text: 'containers: {wait_ms: 10001}\n',
      message: /containers\.wait_ms must be <= 10000/,
      at: [1, 23],
    },
    {
      name: 'a timeout of nothing',
      text: 'outputs: {webhook: {timeout_ms: 0}}\n',
      message: /timeout_ms must be >= 1/,
      at: [1, 33],
    },
    {
      name: 'a file output without a file',
      text: 'outputs:\n  file: {enabled: true}\n',
      message: /outputs\.file needs the key filename/,
      at: [2, 9],
    },
    {
      name: 'both names of one thing',
      text: 'outputs: {file: {enabled: false}}\nfile_output: {enabled: false}\n',
      message: /file_output means the same as outputs\.file/,
      at: [2, 14],
    },
    {
      name: 'an extra field twice',
      text: 'append_output:\n  - extra_fields: [a, {a: b}]\n',
      message: /append_output\[0\]\.extra_fields names a field twice/,
      at: [2, 19],
    },
    {name: 'a sequence', text: '- a\n', message: /must be a mapping/, at: [1, 1]},
    {name: 'broken YAML', text: 'a: [1\nb: }', message: /not valid YAML/, at: [2, 1]},
    {
      name: 'a key twice',
      text: 'priority: info\npriority: info\n',
      message: /duplicate key/,
      at: [2, 1],
    },
    {
      name: '__proto__ as a key',
      text: '__proto__: {a: 1}\n',
      message: /unknown key __proto__/,
      at: [1, 1],
    },
    {
      name: 'constructor as a key',
      text: 'constructor: 1\n',
      message: /unknown key constructor/,
      at: [1, 1],
    },
    {
      name: 'an environment variable that is not set',
      text: `outputs:\n  webhook: {url: "https://\${NOPE}/"}\n`,
      message: /outputs\.webhook\.url environment variable NOPE is not set/,
      at: [2, 18],
    },
  ]
  for (const {name, text, message, hint, at} of mistakes) {
    it(`points to ${name}`, () => {
      const [problem, more] = bad(text)
      assert.equal(more, undefined)
      assert.match(problem?.message ?? '', message)
      if (hint !== undefined) assert.match(problem?.hint ?? '', hint)
      assert.deepEqual([problem?.place?.line, problem?.place?.column], at)
    })
  }

  it('collects every mistake, sorted by place, overrides last', () => {
    const problems = bad('priority: x\nfoo: 1\njson_output: 1\n', ['ring.bulk_mib=7'])
    assert.deepEqual(
      problems.map(problem => problem.place?.line ?? problem.override),
      [1, 2, 3, 'ring.bulk_mib'],
    )
  })

  for (const text of ['['.repeat(100_000), 'a: '.repeat(10_000), '&a [*a,'.repeat(5000)]) {
    it(`survives ${text.slice(0, 8)} many times`, () => void bad(text))
  }

  it('refuses aliases that multiply', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 10; i++) {
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      )
    }
    assert.match(bad(lines.join('\n'))[0]?.message ?? '', /not valid YAML/)
  })
})

describe('overrides', () => {
  it('outrank the file, the last one first', () => {
    const overrides = ['priority=info', 'priority=error', 'outputs.file.filename=x=y']
    const config = good('priority: debug\n', overrides)
    assert.equal(config.priority, 'Error')
    assert.equal(config.outputs.file.filename, 'x=y')
  })

  it('are YAML values, elements of sequences among them', () => {
    const config = good('rules: [a, b]\n', [
      'rules[0]=c',
      'rules[]=d',
      'rules[]={disable: {tag: t}}',
      'json_output=true',
      'stdout_output.enabled=false',
    ])
    assert.deepEqual(config.rules, ['c', 'b', 'd'])
    assert.deepEqual(config.selection, [{op: 'disable', match: 'tag', pattern: 't'}])
    assert.equal(config.jsonOutput, true)
    assert.equal(config.outputs.stdout.enabled, false)
  })

  const refused = [
    '=x',
    'a..b=1',
    'a b=1',
    '__proto__.x=1',
    'rules[1]=x',
    'rules[99999999]=x',
    'priority.x=1',
    'priority=[',
    `priority=${'['.repeat(60_000)}`,
    `${'a.'.repeat(50)}a=1`,
  ]
  for (const override of refused) {
    it(`refuse ${override.slice(0, 30)}`, () => {
      assert.throws(
        () => parseConfig('priority: info\n', [override], {}),
        error => error instanceof CodedError && error.code === 'CONFIG_INVALID',
      )
    })
  }

  for (const override of ['constructor.prototype.x=1', 'toString=1', 'json_output=maybe']) {
    it(`are checked like the file: ${override}`, () => {
      const [problem] = bad('', [override])
      assert.equal(problem?.override, override.split('=')[0])
      assert.equal(({} as {x?: unknown}).x, undefined)
    })
  }
})

describe('environment variables', () => {
  const env = {TOKEN: 's3cret', NESTED: `\${TOKEN}`, EMPTY: ''}
  const url = (text: string): string =>
    good(`outputs: {webhook: {url: ${JSON.stringify(text)}}}`, [], env).outputs.webhook.url
  const cases = [
    {name: 'fill values', input: `https://u:\${TOKEN}@h/`, want: 'https://u:s3cret@h/'},
    {name: 'fill several', input: `\${TOKEN}\${EMPTY}\${TOKEN}`, want: 's3crets3cret'},
    {name: 'are not filled twice', input: `\${NESTED}`, want: `\${TOKEN}`},
    {name: 'can be escaped', input: `$\${TOKEN}`, want: `\${TOKEN}`},
    {name: 'leave other text alone', input: `$TOKEN \${1} \${} $`, want: `$TOKEN \${1} \${} $`},
  ]
  for (const {name, input, want} of cases) {
    it(name, () => assert.equal(url(input), want))
  }

  it('are filled once where an alias repeats them', () => {
    const text = `outputs: {webhook: {headers: &h {a: "\${NESTED}"}}}\nappend_output: [{extra_fields: [*h]}]\n`
    const config = good(text, [], env)
    assert.equal(config.outputs.webhook.headers['a'], `\${TOKEN}`)
    assert.equal(config.appendOutput[0]?.extraFields?.[0]?.template, `\${TOKEN}`)
  })

  it('never show in messages', () => {
    const texts = [
      `priority: \${TOKEN}`,
      `json_output: \${TOKEN}`,
      `rules: \${TOKEN}`,
      `foo: \${TOKEN}`,
    ]
    for (const text of texts) assert.doesNotMatch(JSON.stringify(bad(text, [], env)), /s3cret/)
  })

  it('leave secrets of the file out of messages as well', () => {
    for (const text of [
      'priority: s3cret',
      'a: [s3cret\nb: }',
      'outputs: {webhook: {url: [s3cret]}}',
    ]) {
      assert.doesNotMatch(JSON.stringify(bad(text)), /s3cret/)
    }
  })
})

describe('loadConfig', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'))
    path = join(folder, 'detector.yaml')
  })
  afterEach(() => rmSync(folder, {recursive: true}))

  const load = (overrides: string[] = []) => loadConfig({path, overrides, env: {}})
  const refuses = (message: RegExp): void =>
    assert.throws(load, error => {
      assert.ok(error instanceof CodedError)
      assert.equal(error.exitCode, 2)
      assert.match(error.message, message)
      return true
    })

  it('reads a file', () => {
    writeFileSync(path, 'priority: info\n', {mode: 0o600})
    const loaded = load(['json_output=true'])
    assert.equal(loaded.config.priority, 'Informational')
    assert.equal(loaded.config.jsonOutput, true)
    assert.deepEqual([loaded.path, loaded.warnings], [path, []])
  })

  it('names the file, the line and the column', () => {
    writeFileSync(path, 'priority: info\njson_ouput: true\n')
    refuses(/detector\.yaml:2:1: unknown key json_ouput \(did you mean json_output\?\)/)
  })

  it('counts several mistakes', () => {
    writeFileSync(path, 'a: 1\nb: 2\n')
    refuses(/^2 mistakes:\n {2}\S+:1:1: .+\n {2}\S+:2:1: /)
  })

  it('warns of a file that everyone can write', () => {
    writeFileSync(path, '')
    chmodSync(path, 0o666)
    assert.match(load().warnings[0] ?? '', /written by everyone/)
  })

  it('refuses a file that is not there', () => refuses(/cannot read the configuration: ENOENT/))

  it('refuses a file that never ends', () => {
    path = '/dev/zero'
    refuses(/larger than 1 MiB/)
  })
})
