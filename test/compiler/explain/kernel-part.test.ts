import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import type {CheckedCondition} from '../../../src/compiler/checked.ts'
import {explainFilter, type KernelTree} from '../../../src/compiler/explain/explain-filter.ts'
import {printCondition, printKernelPart} from '../../../src/compiler/explain/print-condition.ts'
import {deriveFilter} from '../../../src/compiler/filter/derive-filter.ts'
import {passesFilter} from '../../../src/compiler/filter/interpret-filter.ts'
import {arbitraryConditions, arbitraryRecord, mkCondition} from '../filter/arbitrary-filters.ts'
import {createJudge} from '../filter/judge.ts'
import {layoutNamed, madeRecord} from '../filter/made-record.ts'

/** The kernel's part as a condition: what it says in words. */
function conditionOf(tree: KernelTree): CheckedCondition {
  if (tree.kind === 'and' || tree.kind === 'or')
    return {kind: tree.kind, children: tree.children.map(conditionOf)}
  const asked = tree.kind === 'process' ? tree.condition : (tree as {test: CheckedCondition}).test
  return (tree as {want: boolean}).want ? asked : {kind: 'not', child: asked}
}

describe('the kernel part of a condition', function () {
  this.timeout(60_000)

  it('holds wherever the rule does, and the filter passes wherever it holds', () => {
    const judge = createJudge()
    let [held, refused] = [0, 0]
    fc.assert(
      fc.property(arbitraryConditions, arbitraryRecord, (texts, record) => {
        const layout = layoutNamed(record.kind)
        const bytes = madeRecord(record)
        for (const condition of texts.map(mkCondition)) {
          const explained = explainFilter(layout, condition)
          if (explained === undefined) continue
          const {part} = explained
          const accepted = judge.accepts(condition, bytes)
          if (part.kind === 'never') assert.equal(accepted, false)
          if (part.kind !== 'condition') continue
          const said = conditionOf(part.tree)
          const holds = judge.accepts(said, bytes)
          if (accepted) assert.ok(holds, `${printCondition(condition)}: ${printCondition(said)}`)
          const passes = passesFilter(deriveFilter(layout, [condition]), bytes)
          if (holds) assert.ok(passes, `${printCondition(said)} holds`)
          if (holds) held++
          else if (!passes) refused++
        }
      }),
      {numRuns: 3000, seed: Number(process.env['FC_SEED'] ?? 20_261_122)},
    )
    assert.ok(held > 50 && refused > 50, `${held} held, ${refused} refused`)
  })

  it('is printed as the condition that it is, but for the marks of what is decided in part', () => {
    fc.assert(
      fc.property(arbitraryConditions, arbitraryRecord, (texts, {kind}) => {
        for (const condition of texts.map(mkCondition)) {
          const part = explainFilter(layoutNamed(kind), condition)?.part
          if (part?.kind !== 'condition') continue
          const plain = (text: string): string => text.replaceAll('~', '')
          assert.equal(
            plain(printKernelPart(part.tree)),
            plain(printCondition(conditionOf(part.tree))),
          )
        }
      }),
      {numRuns: 500, seed: Number(process.env['FC_SEED'] ?? 20_261_122)},
    )
  })
})
