import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {loadTexts, mkRule, placeOf} from './load-texts.ts'

const STRUCTURE = 'LOAD_ERR_YAML_VALIDATE'
const ITEM = 'LOAD_ERR_VALIDATE'

function mkExceptions(exceptions: readonly string[], more: readonly string[] = []): string {
  const lines = exceptions.map(flow => `  - {${flow}}`)
  return mkRule('evt.type = open', ['exceptions:', ...lines, ...more])
}

function mkAppend(exceptions: readonly string[]): string {
  const lines = exceptions.map(flow => `    - {${flow}}\n`).join('')
  return `- rule: r\n  exceptions:\n${lines}  override: {exceptions: append}\n`
}

describe('exceptions', () => {
  const tuple = 'name: e, fields: [proc.name, fd.name]'
  const single = 'name: e, fields: proc.name'

  const compiled: readonly {name: string; input: string; want: string; codes?: string[]}[] = [
    {
      name: 'no values add nothing but parentheses',
      input: mkExceptions([tuple]),
      want: 'evt.type = open',
    },
    {
      name: 'tuples compare with = by default',
      input: mkExceptions([`${tuple}, values: [[a, /b], [c, d]]`]),
      want: '(evt.type = open and not ((proc.name = a and fd.name = /b) or (proc.name = c and fd.name = d)))',
    },
    {
      name: 'one field compares with in by default',
      input: mkExceptions([`${single}, values: [a, b c]`]),
      want: '(evt.type = open and not proc.name in (a, "b c"))',
    },
    {
      name: 'operators are trimmed',
      input: mkExceptions([`${tuple}, comps: [" in", "startswith "], values: [[[a, b], /c]]`]),
      want: '(evt.type = open and not (proc.name in (a, b) and fd.name startswith /c))',
    },
    {
      name: 'list names work with and without parentheses',
      input: `- list: l\n  items: [x, y]\n${mkExceptions([
        `${tuple}, comps: [in, in], values: [[l, (l)]]`,
      ])}`,
      want: '(evt.type = open and not (proc.name in (x, y) and fd.name in (x, y)))',
    },
    {
      name: 'modifiers take lists',
      input: mkExceptions([`${tuple}, comps: [startswith anyof, "!="], values: [[[a, b], c]]`]),
      want: '(evt.type = open and not (proc.name startswith anyof (a, b) and fd.name != c))',
    },
    {
      name: 'several exceptions add up',
      input: mkExceptions([`${single}, values: [a]`, 'name: f, fields: fd.name, values: [b]']),
      want: '(evt.type = open and not proc.name in (a) and not fd.name in (b))',
    },
    {
      name: 'quoted members stay as they are',
      input: mkExceptions([`${single}, values: ["'a b'", '"c d"']`]),
      want: '(evt.type = open and not proc.name in ("a b", "c d"))',
    },
    {
      name: 'transformers may be fields and values',
      input: mkExceptions([
        'name: e, fields: ["tolower( proc.name)"], values: [["toupper(proc.pname)"]]',
      ]),
      want: '(evt.type = open and not tolower(proc.name) = toupper(proc.pname))',
    },
    {
      name: 'two of one name both apply',
      input: mkExceptions([`${single}, values: [a]`, `${single}, values: [b]`]),
      want: '(evt.type = open and not proc.name in (a) and not proc.name in (b))',
      codes: ['LOAD_EXCEPTION_NAME_NOT_UNIQUE'],
    },
    {
      name: 'appended values go to the known exception',
      input: mkExceptions([`${single}, values: [a]`]) + mkAppend(['name: e, values: [b]']),
      want: '(evt.type = open and not proc.name in (a, b))',
    },
    {
      name: 'appended values go to the first of several',
      input:
        mkExceptions([`${single}, values: [a]`, `${single}, values: [b]`]) +
        mkAppend(['name: e, values: [c]']),
      want: '(evt.type = open and not proc.name in (a, c) and not proc.name in (b))',
      codes: ['LOAD_EXCEPTION_NAME_NOT_UNIQUE'],
    },
    {
      name: 'a new exception can be appended',
      input:
        mkExceptions([`${single}, values: [a]`]) +
        mkAppend(['name: f, fields: fd.name, values: [b]']),
      want: '(evt.type = open and not proc.name in (a) and not fd.name in (b))',
    },
    {
      name: 'an append without values warns',
      input: mkExceptions([`${single}, values: [a]`]) + mkAppend(['name: e, value: [b]']),
      want: '(evt.type = open and not proc.name in (a))',
      codes: ['LOAD_APPEND_NO_VALUES'],
    },
    {
      name: 'replaced exceptions are a new set',
      input:
        mkExceptions([`${single}, values: [a]`]) +
        mkAppend(['name: f, fields: fd.name, values: [b]']).replace('append', 'replace'),
      want: '(evt.type = open and not fd.name in (b))',
    },
    {
      name: 'a condition is joined before exceptions go around it',
      input: `${mkExceptions([`${single}, values: [a]`])}- rule: r\n  condition: or evt.type = close\n  override: {condition: append}\n`,
      want: '((evt.type = open or evt.type = close) and not proc.name in (a))',
    },
  ]
  for (const {name, input, want, codes = []} of compiled) {
    it(name, () => {
      const loaded = loadTexts([input])
      assert.deepEqual([loaded.codes, loaded.errors], [codes, []])
      assert.equal(loaded.conditions.get('r'), want)
    })
  }

  const refused: readonly {name: string; input: string; want: string; place?: string}[] = [
    {name: 'a scalar', input: mkRule('evt.type = open', ['exceptions: x']), want: STRUCTURE},
    {
      name: 'a scalar element',
      input: mkRule('evt.type = open', ['exceptions: [x]']),
      want: STRUCTURE,
    },
    {name: 'no name', input: mkExceptions(['fields: proc.name']), want: STRUCTURE},
    {name: 'no fields', input: mkExceptions(['name: e']), want: STRUCTURE},
    {
      name: 'values that are a scalar',
      input: mkExceptions([`${single}, values: a`]),
      want: STRUCTURE,
    },
    {name: 'a mapping as value', input: mkExceptions([`${single}, values: [{}]`]), want: STRUCTURE},
    {
      name: 'values too deep',
      input: mkExceptions([`${tuple}, values: [[[[a]]]]`]),
      want: STRUCTURE,
    },
    {name: 'too few operators', input: mkExceptions([`${tuple}, comps: [=]`]), want: ITEM},
    {name: 'one operator for a tuple', input: mkExceptions([`${tuple}, comps: in`]), want: ITEM},
    {name: 'operators for one field', input: mkExceptions([`${single}, comps: [in]`]), want: ITEM},
    {name: '= for one field', input: mkExceptions([`${single}, comps: =`]), want: ITEM},
    {name: 'an unknown operator', input: mkExceptions([`${tuple}, comps: [=, like]`]), want: ITEM},
    {
      name: '>= with a modifier',
      input: mkExceptions([`${tuple}, comps: [=, ">= oneof"]`]),
      want: ITEM,
    },
    {
      name: 'two blanks in an operator',
      input: mkExceptions([`${tuple}, comps: [=, "=  oneof"]`]),
      want: ITEM,
    },
    {name: 'an unknown field', input: mkExceptions(['name: e, fields: [proc.nam]']), want: ITEM},
    {
      name: 'an unknown transformer',
      input: mkExceptions(['name: e, fields: ["up(proc.name)"]']),
      want: ITEM,
    },
    {
      name: 'a short tuple',
      input: mkExceptions([`${tuple}, values: [[a]]`]),
      want: ITEM,
      place: 'e',
    },
    {
      name: 'a scalar for a tuple',
      input: mkExceptions([`${tuple}, values: [a]`]),
      want: ITEM,
      place: 'e',
    },
    {
      name: 'a tuple for one field',
      input: mkExceptions([`${single}, values: [[a]]`]),
      want: ITEM,
      place: 'e',
    },
    {
      name: 'fields for a known exception',
      input: mkExceptions([single]) + mkAppend([`${single}, values: [a]`]),
      want: ITEM,
    },
    {
      name: 'a new exception without fields',
      input: mkExceptions([single]) + mkAppend(['name: f, values: [a]']),
      want: ITEM,
    },
    {
      name: 'a new exception without values',
      input: mkExceptions([single]) + mkAppend(['name: f, fields: fd.name, values: []']),
      want: ITEM,
    },
    {
      name: 'a replacement without fields',
      input: mkExceptions([single]) + mkAppend(['name: e']).replace('append', 'replace'),
      want: STRUCTURE,
    },
  ]
  for (const {name, input, want, place} of refused) {
    it(`refuses ${name}`, () => {
      const [error] = loadTexts([input]).errors
      assert.equal(error?.code, want)
      if (place !== undefined) assert.match(placeOf(error, 'exception') ?? '', /^e@/)
    })
  }

  it('does not check the fields of a source that is not loaded', () => {
    const input = mkExceptions(['name: e, fields: [ka.verb]'], ['source: k8s_audit'])
    assert.deepEqual(loadTexts([input]).codes, ['LOAD_UNKNOWN_SOURCE'])
  })

  it('suggest the field that a misspelled one may have meant', () => {
    const [error] = loadTexts([
      mkExceptions(['name: e, fields: [proc.nmae], values: [[a]]']),
    ]).errors
    assert.match(error!.message, /'proc\.nmae'.*'proc\.name'\?/)
    assert.equal(placeOf(error!, 'exception'), 'e@6:6')
  })
})
