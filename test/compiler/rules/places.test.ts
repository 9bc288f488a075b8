import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {loadTexts} from './load-texts.ts'

/** The error stands at «…»; the marks are taken out before loading. */
interface Case {
  readonly name: string
  readonly input: string
  readonly message: RegExp
}

const LIBRARY = `- list: shells
  items: [bash, sh, dash]
- macro: spawned_process
  condition: evt.type in (execve, execveat)
`

function rule(lines: readonly string[], more = ''): string {
  const condition = lines.map(line => `    ${line}\n`).join('')
  return `${LIBRARY}- rule: r\n  desc: d\n  condition: >\n${condition}  output: o\n  priority: INFO\n${more}`
}

const CASES: readonly Case[] = [
  {
    name: 'a quote without its end',
    input: rule(['spawned_process and proc.name in (shells)', 'and proc.cmdline contains «"»a b']),
    message: /quote that opens here has no end/,
  },
  {
    name: 'a quote without its beginning',
    input: rule(['spawned_process and proc.name in (shells)', 'and proc.cmdline contains a «b»"']),
    message: /unexpected 'b'.*quote missing/,
  },
  {
    name: 'a misspelled field',
    input: rule(['spawned_process and proc.name in (shells)', 'and «proc.cmdlin» contains x']),
    message: /'proc\.cmdlin'.*'proc\.cmdline'\?/,
  },
  {
    name: 'a misspelled field before the list',
    input: rule(['«proc.nmae» in (shells)', 'and spawned_process']),
    message: /'proc\.nmae'.*'proc\.name'\?/,
  },
  {
    name: 'a misspelled macro',
    input: rule(['proc.name in (shells)', '  and not «spawned_proces»']),
    message: /'spawned_proces'.*'spawned_process'\?/,
  },
  {
    name: 'a misspelled operator',
    input: rule(['proc.name in (shells)', 'and fd.name «startwith» /etc']),
    message: /'startwith'.*'startswith'\?/,
  },
  {
    name: 'an operator without its blank',
    input: rule(['proc.name in (shells)', 'and fd.name «contains»(a)']),
    message: /a blank has to follow 'contains'/,
  },
  {
    name: 'a misspelled conjunction',
    input: rule(['proc.name in (shells)', '«annd» fd.name = x']),
    message: /'annd'.*'and'\?/,
  },
  {
    name: 'a misspelled transformer',
    input: rule(['proc.name in (shells)', 'and toloer«(»proc.name) = x']),
    message: /'toloer'.*'tolower'\?/,
  },
  {
    name: 'a misspelled event type',
    input: rule(['proc.name in (shells)', 'and evt.type = «execev»']),
    message: /'execev'.*'execve'\?/,
  },
  {
    name: 'a condition that ends too early',
    input: rule(['proc.name in (shells)', 'and fd.name =«', '»']),
    message: /expected a text/,
  },
  {
    name: 'a place behind two lists',
    input: `- list: more\n  items: [a b, shells]\n${rule(['proc.name in (more, shells,', 'more)', 'and «proc.nam» = x'])}`,
    message: /'proc\.nam'/,
  },
  {
    name: 'a place behind an empty list',
    input: `- list: none\n  items: []\n${rule(['proc.name in (a, none) and', '«proc.nam» = x'])}`,
    message: /'proc\.nam'/,
  },
  {
    name: 'a place in a condition with exceptions',
    input: rule(
      ['spawned_process and', '«proc.nam» = x'],
      '  exceptions:\n    - {name: e, fields: [proc.name], comps: [in], values: [[shells]]}\n',
    ),
    message: /'proc\.nam'/,
  },
  {
    name: 'a place in what was appended',
    input: `${rule(['spawned_process'])}- rule: r\n  override: {condition: append}\n  condition: and «proc.nam» = x\n`,
    message: /'proc\.nam'/,
  },
  {
    name: 'a place before what was appended',
    input: `${rule(['«proc.nam» = x'])}- rule: r\n  append: true\n  condition: and proc.name = x\n`,
    message: /'proc\.nam'/,
  },
  {
    name: 'a place in a macro that the rule uses',
    input: `- macro: m\n  condition: (proc.name = a or\n    «proc.nam» = b)\n${rule(['evt.type = open and m'])}`,
    message: /'proc\.nam'/,
  },
  {
    name: 'a place in an appended macro',
    input: `- macro: m\n  condition: proc.name = a\n- macro: m\n  condition: or «proc.nam» = b\n  override: {condition: append}\n${rule(['evt.type = open and m'])}`,
    message: /'proc\.nam'/,
  },
  {
    name: 'a place in a text that keeps its lines',
    input: rule(['spawned_process', '', 'and «proc.nam» = x']).replace('>', '|-'),
    message: /'proc\.nam'/,
  },
  {
    name: 'a place in single quotes',
    input: rule([]).replace(
      'condition: >',
      "condition: 'proc.name = \"it''s\" and\n     «proc.nam» = x'",
    ),
    message: /'proc\.nam'/,
  },
  {
    name: 'a place in double quotes',
    input: rule([]).replace(
      'condition: >',
      'condition: "proc.name = \\"a\\\\n\\"\\n and \\\n     «proc.nam» = x"',
    ),
    message: /'proc\.nam'/,
  },
  {
    name: 'a misspelled field in an output',
    input: rule(['spawned_process']).replace(
      'output: o',
      'output: >\n    ran %proc.name\n    by «%proc.pnam» x',
    ),
    message: /'proc\.pnam'.*'proc\.pname'\?/,
  },
  {
    name: 'a scalar without its end',
    input: rule(['spawned_process']).replace('desc: d', 'desc: «"»d'),
    message: /quote that opens here has no end/,
  },
]

describe('places of mistakes', () => {
  for (const {name, input, message} of CASES) {
    it(`point at ${name}`, () => {
      const start = input.indexOf('«')
      const end = input.indexOf('»') - 1
      const text = input.replace(/[«»]/g, '')
      const [error] = loadTexts([text]).errors
      assert.match(error!.message, message)
      const before = text.slice(0, start).split('\n')
      const line = before.length - 1
      const column = before.at(-1)!.length
      const place = error!.origin ?? error!.locations.at(-1)!.position
      assert.deepEqual([place.line, place.column], [line, column])
      const carets = (error!.origin?.frame ?? error!.snippet).split('\n').at(-1)!
      const marked = text.slice(start, end).split('\n', 1)[0]!
      assert.equal(carets.trimEnd().length - carets.indexOf('^'), Math.max(1, marked.length))
    })
  }

  it('are left out where a character is written by number', () => {
    const input = rule([]).replace(
      'condition: >',
      'condition: "proc.name = \\x61 and proc.nam = x"',
    )
    assert.equal(loadTexts([input]).errors[0]!.origin, undefined)
  })

  it('are found quickly however many warnings there are', () => {
    const checks = Array.from({length: 20_000}, () => 'proc.name = proc.pname').join(' or ')
    const started = performance.now()
    const {warnings} = loadTexts([rule([checks])])
    assert.equal(warnings.length, 10_001)
    // Looking for each place from the beginning of the text takes more than ten times as long.
    assert.ok(performance.now() - started < 5000)
  })
})
