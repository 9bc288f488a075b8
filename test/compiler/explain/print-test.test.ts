import assert from 'node:assert/strict'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {checkFilter} from '../../../src/compiler/check.ts'
import type {CheckedCondition, CheckedTest} from '../../../src/compiler/checked.ts'
import {parseCondition} from '../../../src/compiler/condition/parser.ts'
import {printCondition} from '../../../src/compiler/explain/print-condition.ts'
import {printTest} from '../../../src/compiler/explain/print-test.ts'
import {ruleChecker} from '../../../src/compiler/rule-checker.ts'
import {loadRuleFiles} from '../../../src/compiler/rules/load.ts'
import {packageRoot} from '../../../src/paths.ts'

function conditionOf(text: string): CheckedCondition {
  const parsed = parseCondition(text)
  assert.ok(parsed.ok, text)
  const verdict = checkFilter(parsed.expr)
  assert.ok(verdict.ok, text)
  return verdict.condition
}

function testOf(text: string): CheckedTest {
  const condition = conditionOf(text)
  assert.ok(condition.kind === 'test')
  return condition
}

describe('printTest', () => {
  const cases: readonly {text: string; want?: string}[] = [
    {text: 'fd.name startswith /etc'},
    {text: 'evt.type in (open, openat)'},
    {text: 'proc.name exists'},
    {text: 'proc.name = "a b"'},
    {text: 'proc.name = ""'},
    {text: 'proc.name = "x\\"y\\\\z"'},
    {text: 'proc.name = "\\x1b[31m"'},
    {text: 'proc.name = "grün"'},
    {text: 'proc.name = "\\xc2\\x9b"', want: 'proc.name = "\\xc2\\x9b"'},
    {text: 'proc.name = "\\xff"'},
    {text: 'proc.name = "a,b)"'},
    {text: 'proc.name = "-x"'},
    {text: 'evt.rawres >= 0'},
    {text: 'evt.is_open_read = true'},
    {text: 'fd.sip = 10.0.0.1'},
    {text: 'fd.snet in (10.0.0.0/8, fd00::/8)'},
    {text: 'fd.name startswith anyof (/etc, /usr)'},
    {text: 'evt.buffer bcontains 7f454c46'},
    {text: 'proc.name = val(proc.pname)'},
    {text: 'tolower(proc.name) = bash'},
    {text: 'evt.around[1000] = 5'},
    {text: 'proc.aname[2] in ()'},
  ]
  for (const {text, want = text} of cases) {
    it(`prints ${text}`, () => {
      const printed = printTest(testOf(text))
      assert.equal(printed, want)
      assert.equal(testOf(printed).text, testOf(text).text)
    })
  }

  const shortened: readonly {name: string; around?: number; want: string}[] = [
    {name: 'counts what is left out', want: '(a, b, … 5 more)'},
    {name: 'keeps the one that decides', around: 4, want: '(… 3 more, d, e, f, … 1 more)'},
    {name: 'keeps the first one', around: 0, want: '(a, b, … 5 more)'},
    {name: 'keeps the last one', around: 6, want: '(… 5 more, f, g)'},
  ]
  for (const {name, around, want} of shortened) {
    it(`shortens a list and ${name}`, () => {
      const test = testOf('proc.name in (a, b, c, d, e, f, g)')
      assert.equal(printTest(test, {constants: 2, around}), `proc.name in ${want}`)
    })
  }

  it('prints every test of the rules at hand so that it reads the same', () => {
    const folders = [join(packageRoot, 'rules'), join(packageRoot, '..', 'shared', 'public-rules')]
    let tests = 0
    for (const folder of folders.filter(path => existsSync(path))) {
      const files = readdirSync(folder).filter(
        name => /\.yaml$/.test(name) && !/test\.yaml$/.test(name),
      )
      const read = files.map(name => ({name, content: readFileSync(join(folder, name), 'utf8')}))
      const loaded = loadRuleFiles(read, {checker: ruleChecker, skipInvalidRules: true})
      const seen = new Map<string, CheckedTest>()
      const visit = (node: CheckedCondition): void => {
        if (node.kind === 'test') seen.set(node.text, node)
        else if (node.kind === 'not') visit(node.child)
        else node.children.forEach(visit)
      }
      for (const {condition} of loaded.rules) visit(condition)
      for (const test of seen.values()) {
        const printed = printTest(test, {constants: Number.POSITIVE_INFINITY})
        assert.equal(testOf(printed).text, test.text)
        tests++
      }
    }
    assert.ok(tests > 50)
  })
})

describe('printCondition', () => {
  const cases: readonly {text: string; want: string}[] = [
    {
      text: '(evt.type = open and (fd.num > 0 or fd.num < 3)) or proc.name = x',
      want: 'evt.type = open and (fd.num > 0 or fd.num < 3) or proc.name = x',
    },
    {
      text: 'not (proc.name = x and not proc.name = y)',
      want: 'not (proc.name = x and not proc.name = y)',
    },
    {text: 'not (proc.name = x)', want: 'not proc.name = x'},
  ]
  for (const {text, want} of cases) {
    it(`prints ${text} with few parentheses`, () => {
      const printed = printCondition(conditionOf(text))
      assert.equal(printed, want)
      assert.equal(printCondition(conditionOf(printed)), want)
    })
  }

  it('is bounded however much is shared', () => {
    let condition = conditionOf('proc.name = x and proc.name = y')
    for (let i = 0; i < 60; i++)
      condition = {kind: i % 2 === 0 ? 'or' : 'and', children: [condition, condition]}
    assert.match(printCondition(condition), /^.{4000}…$/)
  })
})
