import assert from 'node:assert/strict'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {canMatchEvent} from '../../../src/compiler/bpf/event-match.ts'
import type {CheckedCondition} from '../../../src/compiler/checked.ts'
import {explainFilter} from '../../../src/compiler/explain/explain-filter.ts'
import {printKernelPart} from '../../../src/compiler/explain/print-condition.ts'
import {deriveFilter} from '../../../src/compiler/filter/derive-filter.ts'
import {collectDescriptorTests} from '../../../src/compiler/filter/descriptor/descriptor-set.ts'
import {collectPredicates} from '../../../src/compiler/filter/process/predicate-set.ts'
import {ruleChecker} from '../../../src/compiler/rule-checker.ts'
import {loadRuleFiles} from '../../../src/compiler/rules/load.ts'
import {packageRoot} from '../../../src/paths.ts'
import {eventsOf} from '../../../src/schema/capture-table.ts'
import {RECORD_LAYOUTS} from '../../../src/schema/record-layout.ts'
import {mkCondition} from '../filter/arbitrary-filters.ts'
import {layoutNamed} from '../filter/made-record.ts'

function explain(kind: string, text: string, {process = false} = {}) {
  const predicates = process ? collectPredicates() : undefined
  const explained = explainFilter(layoutNamed(kind), mkCondition(text), {predicates})
  assert.ok(explained !== undefined)
  const {part, tests} = explained
  return {
    part: part.kind === 'condition' ? printKernelPart(part.tree) : part.kind,
    deciders: tests.map(
      ({decider, reason, always}) => reason ?? (always === undefined ? decider : always),
    ),
  }
}

describe('explainFilter', () => {
  const cases: readonly {
    name: string
    kind: string
    text: string
    process?: boolean
    part: string
    deciders: readonly (string | boolean)[]
  }[] = [
    {
      name: 'what the record tells',
      kind: 'openat',
      text: 'evt.type = openat and evt.rawres >= 0 and fd.name startswith /etc/cron',
      part: 'evt.rawres >= 0 and fd.name startswith /etc/cron',
      deciders: ['kernel', 'kernel'],
    },
    {
      name: 'another event',
      kind: 'openat',
      text: 'evt.type = connect and fd.num > 2',
      part: 'never',
      deciders: ['kernel'],
    },
    {
      name: 'a field of the process',
      kind: 'openat',
      text: 'evt.type = openat and proc.name = cat',
      part: 'pass',
      deciders: ['process'],
    },
    {
      name: 'a field of the process, with bits',
      kind: 'openat',
      text: 'evt.type = openat and not (proc.name = cat or proc.pname = sh) and fd.name = /x',
      process: true,
      part: 'fd.name = /x and not (proc.name = cat or proc.pname = sh)',
      deciders: ['process', 'process', 'kernel'],
    },
    {
      name: 'an alternative that is not known',
      kind: 'openat',
      text: 'evt.rawres < 0 or proc.name = cat',
      part: 'pass',
      deciders: ['kernel', 'process'],
    },
    {
      name: 'not of what is not known',
      kind: 'openat',
      text: 'not proc.name = cat and not evt.rawres < 0',
      part: 'not evt.rawres < 0',
      deciders: ['process', 'kernel'],
    },
    {
      name: 'two values of the event',
      kind: 'openat',
      text: 'proc.name = val(proc.pname)',
      part: 'pass',
      deciders: ['two_values'],
    },
    {
      name: 'a transformer',
      kind: 'openat',
      text: 'tolower(fd.name) = /x',
      part: 'pass',
      deciders: ['transformer'],
    },
    {
      name: 'an operator that the kernel has not',
      kind: 'openat',
      text: 'fd.name regex ".*"',
      part: 'pass',
      deciders: ['operator'],
    },
    {
      name: 'a test that is always false for the kind',
      kind: 'creat',
      text: 'evt.is_open_read = true',
      part: 'never',
      deciders: [false],
    },
    {
      name: 'a pattern of which the kernel knows the beginning',
      kind: 'openat',
      text: 'fd.name glob /etc/*/x',
      part: '~fd.name glob /etc/*/x',
      deciders: ['enclosed'],
    },
    {
      name: 'a container',
      kind: 'openat',
      text: 'container.id != host',
      part: 'pass',
      deciders: ['container'],
    },
  ]
  for (const {name, kind, text, process = false, part, deciders} of cases) {
    it(`tells of ${name}`, () => {
      assert.deepEqual(explain(kind, text, {process}), {part, deciders})
    })
  }

  it('looks at a shared part both ways', () => {
    const shared = mkCondition('evt.rawres > 5')
    const condition: CheckedCondition = {
      kind: 'or',
      children: [
        {kind: 'and', children: [shared, mkCondition('evt.is_open_read = true')]},
        {kind: 'not', child: shared},
      ],
    }
    const part = explainFilter(layoutNamed('openat'), condition)?.part
    assert.ok(part?.kind === 'condition')
    const want = 'evt.rawres > 5 and evt.is_open_read = true or not evt.rawres > 5'
    assert.equal(printKernelPart(part.tree), want)
  })

  it('says nothing of kinds that stand for several events', () => {
    const layout = RECORD_LAYOUTS.find(({capture}) => eventsOf(capture).length > 1)
    assert.ok(layout !== undefined)
    assert.equal(explainFilter(layout, mkCondition('fd.num > 2')), undefined)
  })

  it('keeps shared parts from growing', () => {
    let condition = mkCondition('evt.rawres > 2 and fd.name = /x')
    for (let i = 0; i < 60; i++)
      condition = {kind: i % 2 === 0 ? 'or' : 'and', children: [condition, condition]}
    const explained = explainFilter(layoutNamed('openat'), condition)
    assert.deepEqual(explained?.part, {kind: 'pass'})
  })

  it('passes all, or nothing, exactly where the filter of a rule does', function () {
    const path = join(packageRoot, '..', 'shared', 'public-rules', 'falco_rules.yaml')
    if (!existsSync(path)) {
      console.log('      skipping: ../shared/public-rules is not there')
      this.skip()
    }
    const files = [{name: 'r', content: readFileSync(path)}]
    const {rules} = loadRuleFiles(files, {checker: ruleChecker})
    let conditions = 0
    for (const layout of RECORD_LAYOUTS) {
      const [event, ...others] = eventsOf(layout.capture)
      if (others.length > 0) continue
      for (const {name, condition} of rules) {
        if (!canMatchEvent(condition, event!)) continue
        for (const predicates of [undefined, collectPredicates()]) {
          const descriptors = predicates && collectDescriptorTests()
          const {part} = explainFilter(layout, condition, {predicates, descriptors})!
          const filter = deriveFilter(layout, [condition], predicates, descriptors)
          const want = {pass: 'pass', never: 'drop', condition: 'condition'}[part.kind]
          const kind = filter.kind === 'pass' || filter.kind === 'drop' ? filter.kind : 'condition'
          assert.equal(want, kind, `${name} and ${layout.capture.kind}`)
          if (kind === 'condition') conditions++
        }
      }
    }
    assert.ok(conditions > 50)
  })
})
