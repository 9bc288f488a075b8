import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {parseCondition} from '../../../src/compiler/condition/parser.ts'
import {treeWarnings} from '../../../src/compiler/condition/tree-warnings.ts'

describe('treeWarnings', () => {
  const na = 'LOAD_UNSAFE_NA_CHECK'
  const old = 'LOAD_DEPRECATED_ITEM'
  const cases: readonly {name: string; input: string; want: readonly string[]}[] = [
    {name: 'an audit field equal to <NA>', input: 'ka.verb = <NA>', want: [na]},
    {name: 'an audit field unlike <NA>', input: 'jevt.value != "<NA>"', want: [na]},
    {name: '<NA> in a list', input: 'ka.verb in (get, <NA>)', want: [na]},
    {name: 'an audit field in a transformer', input: 'tolower(ka.verb) = <NA>', want: [na]},
    {name: 'one warning for several', input: 'ka.a = <NA> or ka.b pmatch (<NA>)', want: [na]},
    {name: 'no other field', input: 'proc.name = <NA>', want: []},
    {name: 'no other operator', input: 'ka.verb contains <NA>', want: []},
    {name: 'no part of a text', input: 'ka.verb = x<NA>', want: []},
    {name: 'no field of a similar class', input: 'kafka.a = <NA>', want: []},
    {name: 'a deprecated field', input: 'evt.dir = <', want: [old]},
    {name: 'a deprecated field on the right', input: 'a.b = val(evt.dir)', want: [old]},
    {name: 'one warning a field', input: 'evt.dir = < or evt.dir = >', want: [old]},
    {name: 'each deprecated field', input: 'evt.dir = < and evt.latency.ns > 1', want: [old, old]},
    {name: 'no field that merely begins alike', input: 'evt.dirt = x', want: []},
    {name: 'both kinds', input: 'ka.verb = <NA> and evt.latency > 1', want: [na, old]},
  ]
  for (const {name, input, want} of cases) {
    it(`sees ${name}`, () => {
      const parsed = parseCondition(input)
      assert.ok(parsed.ok)
      assert.deepEqual(
        treeWarnings(parsed.expr).map(({code}) => code),
        want,
      )
    })
  }
})
