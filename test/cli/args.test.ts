import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {parseCommandLine} from '../../src/cli/args.ts'
import {COMMANDS} from '../../src/cli/commands.ts'
import type {RunArgs} from '../../src/cli/run-args.ts'
import {toRunArgs} from '../../src/cli/run-options.ts'
import {CodedError} from '../../src/diagnostics/error.ts'
import {fakeIo} from '../support/io.ts'

const parse = (line: string) => parseCommandLine(line === '' ? [] : line.split(' '), COMMANDS)

describe('parseCommandLine', () => {
  const cases: {
    name: string
    input: string
    command: string
    positionals?: string[]
    options?: [string, string][]
  }[] = [
    {name: 'runs without a command', input: '', command: 'run'},
    {
      name: 'runs when an option comes first',
      input: '-r a',
      command: 'run',
      options: [['rules', 'a']],
    },
    {name: 'names a command', input: 'version', command: 'version'},
    {
      name: 'knows --version',
      input: '--version --json',
      command: 'version',
      options: [['json', '']],
    },
    {
      name: 'takes options between words',
      input: 'validate a --json b',
      command: 'validate',
      positionals: ['a', 'b'],
      options: [['json', '']],
    },
    {
      name: 'takes glued short forms',
      input: 'run -qvra -tb',
      command: 'run',
      options: [
        ['quiet', ''],
        ['verbose', ''],
        ['rules', 'a'],
        ['tag', 'b'],
      ],
    },
    {
      name: 'keeps repeats in order',
      input: 'run --rules=b -r a --rules c',
      command: 'run',
      options: [
        ['rules', 'b'],
        ['rules', 'a'],
        ['rules', 'c'],
      ],
    },
    {
      name: 'takes words after -- as they are',
      input: 'validate -- -x --json',
      command: 'validate',
      positionals: ['-x', '--json'],
    },
    {
      name: 'takes standard input as a value',
      input: 'run -r -',
      command: 'run',
      options: [['rules', '-']],
    },
    {
      name: 'takes a value with a dash when it is glued',
      input: 'run --print-format=-x',
      command: 'run',
      options: [['print-format', '-x']],
    },
    {
      name: 'lets a switch be repeated',
      input: 'run -v -v',
      command: 'run',
      options: [
        ['verbose', ''],
        ['verbose', ''],
      ],
    },
    {
      name: 'keeps equals signs of values',
      input: 'run -o a.b=c=d',
      command: 'run',
      options: [['option', 'a.b=c=d']],
    },
  ]
  for (const {name, input, command, positionals = [], options = []} of cases) {
    it(name, () => {
      const line = parse(input)
      assert.ok(line.kind === 'run')
      assert.equal(line.parsed.command.name, command)
      assert.deepEqual(line.parsed.positionals, positionals)
      assert.deepEqual(
        line.parsed.options.map(({name: key, value}) => [key, value]),
        options,
      )
    })
  }

  const helps = [
    {input: '--help', topic: undefined},
    {input: '-h', topic: undefined},
    {input: 'validate --help', topic: 'validate'},
    {input: 'list -h', topic: 'list'},
  ]
  for (const {input, topic} of helps) {
    it(`gives help for ${input}`, () => assert.deepEqual(parse(input), {kind: 'help', topic}))
  }

  const errors: {input: string; message: RegExp; hint?: RegExp}[] = [
    {input: 'vaildate x', message: /unknown command "vaildate"/, hint: /did you mean validate/},
    {input: 'frobnicate', message: /unknown command/, hint: /detector help/},
    {input: 'run --rulez a', message: /unknown option "--rulez"/, hint: /did you mean --rules/},
    {input: 'run -Z', message: /unknown option "-Z"/},
    {input: 'run --N', message: /unknown option "--N"/},
    {input: 'validate a --tag x', message: /unknown option "--tag" of validate/},
    {input: 'run --__proto__', message: /unknown option "--__proto__"/},
    {input: 'run --constructor', message: /unknown option "--constructor"/},
    {input: 'run --rules', message: /--rules needs a value: PATH/},
    {input: 'run -r -c x', message: /-r needs a value/, hint: /write -r-c/},
    {input: 'run --json=yes', message: /--json takes no value/},
    {input: 'run x', message: /unexpected "x"/},
    {input: 'validate', message: /validate needs PATH/},
    {input: 'list', message: /list needs/},
    {input: 'list fieldz', message: /"fieldz" is none of/, hint: /did you mean fields/},
    {input: 'run -M 0', message: /not a number of seconds/},
    {input: 'run -M 1e3', message: /not a number of seconds/},
    {input: 'run -M 99999999', message: /not a number of seconds/},
    {input: 'run --match some', message: /"some" is none of first, all/},
    {input: 'run --priority warn', message: /"warn" is no priority/},
    {input: 'run --priority warnin', message: /no priority/, hint: /did you mean Warning/},
    {input: 'run -o x', message: /not of the form KEY=VALUE/},
    {input: 'run -o =x', message: /not of the form KEY=VALUE/},
    {input: 'run -c a -c b', message: /-c is given twice/},
    {input: 'run \u001b[2J', message: /unexpected "\\u001b\[2J"/},
  ]
  for (const {input, message, hint} of errors) {
    it(`refuses ${JSON.stringify(input)}`, () => {
      assert.throws(
        () => parse(input),
        error => {
          assert.ok(error instanceof CodedError)
          assert.equal(error.code, 'CLI_USAGE')
          assert.equal(error.exitCode, 2)
          assert.match(error.message, message)
          if (hint !== undefined) assert.match(error.hint ?? '', hint)
          return true
        },
      )
    })
  }
})

describe('toRunArgs', () => {
  const cases: {name: string; input: string; want: Partial<RunArgs>}[] = [
    {
      name: 'leaves open what is not said',
      input: '',
      want: {
        ruleSources: [],
        config: undefined,
        priority: undefined,
        matchMode: undefined,
        durationMs: undefined,
        hooks: 'auto',
        color: false,
      },
    },
    {
      name: "understands Falco's letters",
      input: '-r a -r b -c f -o x=1 -t t1 -T t2 -M 1.5 -p %proc.name -A',
      want: {
        ruleSources: ['a', 'b'],
        config: 'f',
        overrides: ['x=1'],
        tags: ['t1'],
        excludeTags: ['t2'],
        durationMs: 1500,
        printFormat: '%proc.name',
      },
    },
    {
      name: 'keeps the order of switching rules on and off',
      input: '--disable-rule * -D shell --enable-rule a*',
      want: {
        selection: [
          {op: 'disable', match: 'wildcard', pattern: '*'},
          {op: 'disable', match: 'substring', pattern: 'shell'},
          {op: 'enable', match: 'wildcard', pattern: 'a*'},
        ],
      },
    },
    {
      name: 'reads the long options',
      input:
        '--priority info --match all --summary s.json --iso-time --hooks raw_tp --skip-invalid-rules --json -q -v --color always',
      want: {
        priority: 'Informational',
        matchMode: 'all',
        summaryFile: 's.json',
        isoTime: true,
        hooks: 'raw_tp',
        skipInvalidRules: true,
        json: true,
        quiet: true,
        verbose: true,
        color: true,
      },
    },
    {
      name: 'knows output additions by name',
      input: '-pc',
      want: {printFormat: 'container_id=%container.id container_name=%container.name'},
    },
  ]
  for (const {name, input, want} of cases) {
    it(name, () => {
      const line = parse(input)
      assert.ok(line.kind === 'run')
      const args = toRunArgs(line.parsed, fakeIo())
      for (const [key, value] of Object.entries(want)) {
        assert.deepEqual(args[key as keyof RunArgs], value, key)
      }
    })
  }
})
